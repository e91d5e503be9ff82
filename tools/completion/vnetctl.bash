# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion of vnetctl(1) for bash: the program itself knows its words and the daemon's objects.
_vnetctl() {
	local cur=${COMP_WORDS[COMP_CWORD]} words=() w i
	# Bash takes "mode=nat" for three words: the words before this one are put together again, and what
	# is offered is cut at the '=' that was typed already.
	for ((i = 1; i < COMP_CWORD; i++)); do
		w=${COMP_WORDS[i]}
		if [[ $w == = || ${COMP_WORDS[i - 1]} == = ]] && ((${#words[@]})); then
			words[-1]+=$w
		else
			words+=("$w")
		fi
	done
	local key=
	if [[ $cur == = ]]; then
		key=${words[-1]}= cur=
		unset 'words[-1]'
	elif [[ ${COMP_WORDS[COMP_CWORD - 1]} == = ]]; then
		key=${words[-1]}
		unset 'words[-1]'
	fi
	mapfile -t COMPREPLY < <(compgen -W \
		"$("${COMP_WORDS[0]}" complete -- "${words[@]}" 2>/dev/null)" -- "$key$cur")
	COMPREPLY=("${COMPREPLY[@]#"$key"}")
	[[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
}
complete -o default -F _vnetctl vnetctl
