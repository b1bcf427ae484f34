# Freezes the pods that must not run twice when their agent does not: it died and was not started again, or hangs.
# $1: the directory of the agent's lease (lease-file.ts says what is in it). Ends when there is nothing to guard.
lease=$1/lease
due=0 told=0

# In hundredths of a second since the machine started.
now() {
  read -r up _ < /proc/uptime
  now=${up%.*}${up#*.}
}

# The agent may be back: what it has let go must not be frozen on what it said before.
is_due() {
  read -r latest _ < "$lease" && [ "$latest" = "$due" ]
}

# For each group that there is: its way to freeze, its path.
each_group() {
  while read -r way group; do
    case $way in v1 | v2 | none) [ -d "$group" ] && is_due && "$1" "$way" "$group" ;; esac
  done < "$lease"
}

freeze() {
  case $1 in
    v1) echo FROZEN > "$2/freezer.state" ;;
    v2) echo 1 > "$2/cgroup.freeze" ;;
  esac
}

is_frozen() {
  case $1 in
    v1) read -r state < "$2/freezer.state" && [ "$state" = FROZEN ] ;;
    v2) while read -r key value; do [ "$key $value" = 'frozen 1' ] && return; done < "$2/cgroup.events"; false ;;
    none) false ;;
  esac
}

# With none to freeze by, ending is all that can be done.
end_unless_frozen() {
  is_frozen "$1" "$2" && return
  find "$2" -name cgroup.procs -exec cat {} \; | while read -r pid; do kill -9 "$pid"; done
}

while read -r due _ < "$lease"; do
  grep -q '^[vn]' "$lease" || exit 0
  now
  left=$((due - now))
  if [ "$left" -gt 0 ]; then
    sleep "$((left / 100)).$(printf %02d $((left % 100)))"
    continue
  fi
  [ "$told" = "$due" ] || echo "guard: no news from the agent, due at $due, now $now: freezing its pods" >&2
  told=$due
  each_group freeze
  sleep 0.2
  each_group end_unless_frozen
  sleep 0.8
done
