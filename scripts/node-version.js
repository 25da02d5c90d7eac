/**
 * Stops with one line on a Node older than 24: with `--ignore-scripts` npm leaves the machine's own Node on the path,
 * silently. JavaScript, because an old Node cannot even read a TypeScript file to say that it is too old.
 */
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  process.stderr.write(
    `Spillway needs Node 24, this is ${process.version}. Run \`npm ci\` without --ignore-scripts: it brings Node 24.\n`,
  );
  process.exit(2);
}
