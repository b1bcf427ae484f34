# Runs a program for as long as the host is up: starts it again a second after it ended, until asked to stop.
# $1: a file that says it was asked to; the rest: the program.
marker=$1
shift
rm -f "$marker"
trap 'touch "$marker"; kill -TERM "$child" 2>/dev/null' TERM INT
while [ ! -e "$marker" ]; do
  "$@" &
  child=$!
  wait "$child"
  # The trap ends the first wait; the program is still on its way out.
  while kill -0 "$child" 2>/dev/null; do wait "$child"; done
  [ -e "$marker" ] && break
  echo "supervise: $1 ended; starting it again in a second" >&2
  sleep 1 &
  wait $!
done
