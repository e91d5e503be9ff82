# pc4 is kept from listening, and the hub stays a hub: a guard is no switch.
vnetctl port set $LAB.pc4.eth0 mac-guard=on
