# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion of vnetctl(1) for bash: the program itself knows its words and the daemon's objects.
_vnetctl() {
	local cur=${COMP_WORDS[COMP_CWORD]}
	mapfile -t COMPREPLY < <(compgen -W \
		"$("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null)" -- "$cur")
}
complete -o default -F _vnetctl vnetctl
