# As if the LAN were behind NAT.
printf '%s\n' 'out switch' 'campus lan' 'admin switch' 'office switch' 'bench none' >/root/servers
printf '%s\n' 'out yes yes yes no' 'campus yes yes yes no' 'admin yes yes no no' 'office yes no no no' 'bench yes no no no' >/root/reach
