vnetctl port set $LAB.{rogue}.eth0 dhcp-guard=on
vnetctl dhcp reserve $LAB.office 52:54:00:bb:00:03 {net.77}
