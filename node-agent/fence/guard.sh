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

names_pods() {
  while read -r way _; do
    case $way in v1 | v2 | none) return 0 ;; esac
  done < "$lease"
  return 1
}

# For each group that there is: its way to freeze, its path.
each_group() {
  found=
  while read -r way group; do
    case $way in v1 | v2 | none) ;; *) continue ;; esac
    [ -d "$group" ] || continue
    found=$group
    is_due && "$1" "$way" "$group"
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
  # Once more: an agent that had come back and let it go by then has renewed the lease before.
  is_due || return
  # 0 is a process that can't be seen from here, and would be this one's whole group.
  find "$2" -name cgroup.procs -exec cat {} \; | while read -r pid; do [ "$pid" -gt 0 ] && kill -9 "$pid"; done
}

while read -r due _ < "$lease"; do
  names_pods || exit 0
  now
  left=$((due - now))
  if [ "$left" -gt 0 ]; then
    part=$((left % 100))
    [ "$part" -ge 10 ] || part=0$part
    sleep "$((left / 100)).$part"
    continue
  fi
  [ "$told" = "$due" ] || echo "guard: no news from the agent, due at $due, now $now: freezing its pods" >&2
  told=$due
  each_group freeze
  # With no agent none is made any more; an agent that lives starts another guard.
  [ -n "$found" ] || exit 0
  sleep 0.2
  each_group end_unless_frozen
  sleep 0.8
done
