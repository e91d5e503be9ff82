printf '%s\n' 'out switch' 'campus lan' 'admin switch' 'office switch' 'bench none' >/root/servers
cat >/root/reach <<'END'
out yes yes yes no
campus yes yes yes yes
admin yes yes no no
office yes no no no
bench yes no no no
END
