vnetctl net set $LAB.sw hub=off
