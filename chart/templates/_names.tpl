{{- define "spillway.labels" -}}
app: cicd-pipeline
app.kubernetes.io/name: spillway
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "spillway.image" -}}
{{ .Values.cicdPipeline.image.repository }}:{{ .Values.cicdPipeline.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* As the API server names the account of the server: the one that the gate lets through. */}}
{{- define "spillway.username" -}}
system:serviceaccount:{{ .Release.Namespace }}:cicd-pipeline
{{- end }}

{{- define "spillway.hasGate" -}}
{{- $isWanted := and .Values.cicdPipeline.kubernetes.enabled .Values.cicdPipeline.gate.enabled -}}
{{- if and $isWanted (semverCompare ">=1.36.0-0" .Capabilities.KubeVersion.Version) }}yes{{ else }}no{{ end }}
{{- end }}

{{- define "spillway.tokenSecret" -}}
{{ .Values.cicdPipeline.token.secret | default "cicd-pipeline-token" }}
{{- end }}

{{/* The data survives the pod: SQLite, unless somebody asked for none of it. */}}
{{- define "spillway.hasDataClaim" -}}
{{- if and .Values.cicdPipeline.data.claim (not .Values.cicdPipeline.database.secret) }}yes{{ else }}no{{ end }}
{{- end }}

{{- define "spillway.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "spillway.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- define "spillway.claim" -}}
accessModes: [ReadWriteOnce]
{{- with .storageClass }}
storageClassName: {{ . }}
{{- end }}
resources:
  requests:
    storage: {{ .size }}
{{- end }}
