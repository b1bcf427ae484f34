# The first process of a host of a local cluster. $1: the host's name; $2: its directory.
set -e
name=$1 directory=$2
rm -f "$directory/run/booted"
hostname "$name"
# What must not outlive a power failure, or be seen by other hosts, is in memory of this host's own.
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/netns /run/lock
touch "$directory/resolv.conf"
mount --bind "$directory/resolv.conf" /etc/resolv.conf
sysctl -q -w net.ipv4.ip_forward=1
touch "$directory/run/booted"
# Takes in and reaps whatever loses its parent.
exec catatonit -P
