# Makes dist/: plain JavaScript for publishing. In a checkout Node runs the TypeScript as it is, and this is not needed.
set -eu
cd "$(dirname "$0")/.."
rm -rf dist
tsc --project deploy/tsconfig.build.json
# What the program reads at run time beside its modules.
for file in proto/*.proto api/schema/*.json cli/dure cli/local/*.sh node-agent/fence/*.sh deploy/examples/*.yaml; do
  mkdir -p "dist/$(dirname "$file")"
  cp "$file" "dist/$file"
done
chmod +x dist/cli/dure
