# The server's image, for the chart's `cicdPipeline.image`:  docker build -t <yours>/spillway .
# Upon Node's own image nothing but the built files: no sources, and no packages to install.
FROM node:24-trixie-slim AS build
WORKDIR /spillway
COPY package.json package-lock.json ./
COPY sdk/package.json sdk/
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build

FROM node:24-trixie-slim
LABEL org.opencontainers.image.title="spillway" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /spillway/dist /opt/spillway/dist
COPY --from=build /spillway/package.json /spillway/LICENSE /opt/spillway/
# A young generation of a few megabytes, and one arena for what is outside of the heap: what a server that looks after many releases
# throws away in a second need not stay in memory for minutes (bench/cluster/idle.ts).
ENV MALLOC_ARENA_MAX=1
# As the chart runs it: no root, and nothing but /data and /cache can be written.
USER 65532:65532
ENTRYPOINT ["node", "--max-semi-space-size=4", "/opt/spillway/dist/spillway.js"]
CMD ["--help"]
