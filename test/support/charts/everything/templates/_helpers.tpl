{{- define "everything.name" -}}
{{- printf "%s-everything" .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- define "everything.hook" -}}
apiVersion: v1
kind: Pod
metadata:
  name: {{ include "everything.name" .root }}-{{ .hook }}
  annotations:
    helm.sh/hook: {{ .hook }}
    helm.sh/hook-weight: "1"
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 1
  containers:
    - name: hook
      image: {{ .root.Values.tool }}
      command: [sh, -c, {{ .script | quote }}]
      env:
        - name: BEFORE
          valueFrom:
            configMapKeyRef: {name: {{ include "everything.name" .root }}-before, key: revision, optional: true}
{{- end -}}
