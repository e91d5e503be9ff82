# The other end of that network has a new cable.
vnetctl port impair $LAB.gw.eth0 none
