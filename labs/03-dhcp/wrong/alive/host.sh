# No cable, no server. No printer, either.
vnetctl port down $LAB.{rogue}.eth0
vnetctl dhcp reserve $LAB.office 52:54:00:bb:00:03 {net.77}
