--- Completions of bash, zsh and fish, made of the verb table. Names of services are asked of the running instance.
local defs = require "defs"
local spec = require "reeve.spec"

local M = {}

local function setting_names()
  local seen, list = {}, {}
  for _, row in ipairs(spec.settings) do
    if not seen[row.name] then seen[row.name], list[#list + 1] = true, row.name end
  end
  table.sort(list)
  return table.concat(list, " ")
end

local function verb_names()
  local list = {}
  for _, verb in ipairs(defs.verbs()) do list[#list + 1] = verb.name end
  list[#list + 1] = "help"
  return table.concat(list, " ")
end

local function all()
  local list = {}
  for _, verb in ipairs(defs.verbs()) do
    local usage = defs.usage(verb)
    list[#list + 1] = { name = verb.name, summary = verb.summary, options = usage.options, words = usage.words,
      config = verb.usage:find("[-c", 1, true) ~= nil }
  end
  list[#list + 1] = { name = "help", summary = "all about a verb", options = {}, words = { "verb" } }
  return list
end

local function fill(template, values)
  return (template:gsub("@([%l_]+)@", values))
end

-- What a shell does to complete a word of this kind, or nil. `words`: what it does about services, files and
-- directories, and choices(list) for words that are known.
local function action(words, kind)
  if type(kind) == "table" then return words.choices(table.concat(kind, " ")) end
  if kind == "setting" then return words.choices(setting_names()) end
  if kind == "verb" then return words.verb or words.choices(verb_names()) end
  return words[kind]
end

-- For a shell with `case`: the branches for what stands behind an option, for options, and for the nth word.
local function cases(words)
  local values, options, nth, valued = {}, {}, {}, {}
  local function branch(list, pattern, does, leave)
    if does then list[#list + 1] = ("\t%s) %s%s ;;\n"):format(pattern, does, leave and "; return" or "") end
  end
  for _, verb in ipairs(all()) do
    local names = { verb.config and "-c" or nil }
    for _, o in ipairs(verb.options) do
      if o.name ~= names[1] then names[#names + 1] = o.name end
      if o.takes then
        valued[#valued + 1] = ('"%s %s"'):format(verb.name, o.name)
        branch(values, valued[#valued], action(words, o.takes), true)
      end
    end
    branch(options, verb.name, #names > 0 and words.choices(table.concat(names, " ")))
    for i, kind in ipairs(verb.words) do branch(nth, ('"%s %d"'):format(verb.name, i - 1), action(words, kind)) end
  end
  return { values = table.concat(values), options = table.concat(options), words = table.concat(nth),
    verbs = verb_names(), valued = #valued > 0 and table.concat(valued, "|") or "none" }
end

-- ---- bash

local BASH = [==[
# bash completion for reeve(1); made of the verb table, not to be edited.
_reeve_reply() { mapfile -t COMPREPLY < <(compgen "$@" -- "$cur"); }
_reeve_services() { _reeve_reply -W "$("${COMP_WORDS[0]}" ${base:+-b "$base"} status --names 2>/dev/null)"; }
_reeve_files() { compopt -o filenames 2>/dev/null; _reeve_reply -f; }
_reeve_directories() { compopt -o filenames 2>/dev/null; _reeve_reply -d; }

_reeve() {
	local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} base= verb= n=0 i
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-b|--base-dir) base=${COMP_WORDS[++i]} ;;
		-c|--config) ((i++)) ;;
		-*) case "$verb ${COMP_WORDS[i]}" in @valued@) ((i++)) ;; esac ;;
		*) if [ -z "$verb" ]; then verb=${COMP_WORDS[i]}; else ((n++)); fi ;;
		esac
	done
	case $before in
	-b|--base-dir) _reeve_directories; return ;;
	-c|--config) _reeve_files; return ;;
	esac
	case "$verb $before" in
@values@	esac
	case $cur in
	-*) case $verb in
		'') _reeve_reply -W "-b -c --help --version" ;;
@options@		esac
		return ;;
	esac
	if [ -z "$verb" ]; then
		_reeve_reply -W "@verbs@"
		return
	fi
	case "$verb $n" in
@words@	esac
}
complete -F _reeve reeve
]==]

local BASH_WORDS = {
  service = "_reeve_services", file = "_reeve_files", directory = "_reeve_directories",
  choices = function(list) return ('_reeve_reply -W "%s"'):format(list) end,
}

function M.bash() return fill(BASH, cases(BASH_WORDS)) end

-- ---- zsh

local ZSH = [==[
#compdef reeve
# zsh completion for reeve(1); made of the verb table, not to be edited.
local base verb before=${words[CURRENT-1]} n=0 i
local -a verbs
verbs=(
@verbs@)
_reeve_services() {
	local -a names
	names=(${(f)"$(command ${words[1]} ${base:+-b} ${base:+$base} status --names 2>/dev/null)"})
	compadd -a names
}
for ((i = 2; i < CURRENT; i++)); do
	case ${words[i]} in
	-b|--base-dir) base=${words[++i]} ;;
	-c|--config) ((i++)) ;;
	-*) case "$verb ${words[i]}" in @valued@) ((i++)) ;; esac ;;
	*) if [[ -z $verb ]]; then verb=${words[i]}; else ((n++)); fi ;;
	esac
done
case $before in
-b|--base-dir) _files -/; return ;;
-c|--config) _files; return ;;
esac
case "$verb $before" in
@values@esac
if [[ ${words[CURRENT]} == -* ]]; then
	case $verb in
	'') compadd -- -b -c --help --version ;;
@options@	esac
	return
fi
if [[ -z $verb ]]; then
	_describe verb verbs
	return
fi
case "$verb $n" in
@words@esac
]==]

local ZSH_WORDS = {
  service = "_reeve_services", file = "_files", directory = "_files -/", verb = "_describe verb verbs",
  choices = function(list) return "compadd -- " .. list end,
}

function M.zsh()
  local values, verbs = cases(ZSH_WORDS), {}
  for i, verb in ipairs(all()) do
    verbs[i] = ("\t'%s:%s'\n"):format(verb.name, (verb.summary:gsub("'", "'\\''"):gsub(":", "\\:")))
  end
  values.verbs = table.concat(verbs)
  return fill(ZSH, values)
end

-- ---- fish

local FISH = [==[
# fish completion for reeve(1); made of the verb table, not to be edited.
function __reeve_line # sets __reeve_base, __reeve_verb, __reeve_n
	set -g __reeve_base; set -g __reeve_verb; set -g __reeve_n 0; set -l skip
	for word in (commandline -opc)[2..-1]
		if test -n "$skip"
			test $skip = base; and set -g __reeve_base -b $word
			set skip
			continue
		end
		switch "$word"
			case -b --base-dir
				set skip base
			case -c --config
				set skip config
			case '-*'
				contains -- "$__reeve_verb $word" @valued@; and set skip value
			case '*'
				if test -z "$__reeve_verb"
					set -g __reeve_verb $word
				else
					set -g __reeve_n (math $__reeve_n + 1)
				end
		end
	end
end
function __reeve_at # verb [n]
	__reeve_line
	test "$__reeve_verb" = "$argv[1]"; or return 1
	set -q argv[2]; or return 0
	test $__reeve_n = $argv[2]
end
function __reeve_services
	__reeve_line
	set -l words (commandline -opc)
	command $words[1] $__reeve_base status --names 2>/dev/null
end
complete -c reeve -f
complete -c reeve -s b -l base-dir -x -a '(__fish_complete_directories)' -d 'which instance'
complete -c reeve -s c -l config -r -F -d 'which config'
@lines@]==]

local function fish_quote(text) return "'" .. text:gsub("[\\']", "\\%0") .. "'" end

local FISH_WORDS = {
  service = "-a '(__reeve_services)'", file = "-F", directory = "-a '(__fish_complete_directories)'",
  choices = function(list) return "-a " .. fish_quote(list) end,
}

function M.fish()
  local lines, valued = {}, {}
  for _, verb in ipairs(all()) do
    lines[#lines + 1] = ("complete -c reeve -n '__reeve_at \"\"' -a %s -d %s\n"):format(verb.name,
      fish_quote(verb.summary))
    for _, o in ipairs(verb.options) do
      local long = o.name:match "^%-%-(.+)$"
      local name = long and "-l " .. long or "-s " .. o.name:sub(2)
      local takes = o.takes and "-r " .. (action(FISH_WORDS, o.takes) or "") or ""
      if o.takes then valued[#valued + 1] = fish_quote(verb.name .. " " .. o.name) end
      lines[#lines + 1] = ("complete -c reeve -n '__reeve_at %s' %s %s\n"):format(verb.name, name, takes)
    end
    for i, kind in ipairs(verb.words) do
      local does = action(FISH_WORDS, kind)
      if does then
        lines[#lines + 1] = ("complete -c reeve -n '__reeve_at %s %d' %s\n"):format(verb.name, i - 1, does)
      end
    end
  end
  return fill(FISH, { lines = table.concat(lines), valued = #valued > 0 and table.concat(valued, " ") or "none" })
end

return M
