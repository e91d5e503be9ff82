# The cable from near to the switch: its port counts impair-loss.
vnetctl port impair $LAB.near.eth0 none
