# tables.awk: what the tables promise.
# Usage: awk -f tables.awk src/wire/wire.def src/spec/spec.def lua/reeve/control.lua src/cli/verbs.def
# wire: ids and names are unique; spec: a setting is unique in its scope;
# verbs: a HERE or LIVE verb has its file in lua/reeve/verbs, a file there has its row, and the LIVE rows are
# the VERBS of lua/reeve/control.lua.
function complain(text) { print FILENAME ":" FNR ": " text; bad = 1 }
/^(ORDER|REPORT)\(/ {
	split($0, part, /[(, ]+/)
	if (part[2] in message) complain("message " part[2] " stands twice")
	if (part[3] in id) complain("id " part[3] " stands twice")
	message[part[2]]; id[part[3]]
}
/^SET\(/ {
	split($0, part, /[(, ]+/)
	if ((part[2], part[4]) in setting) complain("setting " part[4] " stands twice in " part[2])
	setting[part[2], part[4]]
}
/^local VERBS = \{/, /^\}/ {
	if (match($0, /[a-z][a-z-]*("\])? = "/)) {
		split(substr($0, RSTART), part, /["\] ]/)
		served[part[1]]
	}
}
/^VERB\(/ {
	split($0, part, /[(, ]+/)
	if (part[2] in where) complain("verb " part[2] " stands twice")
	where[part[2]] = part[3]
	if (part[3] != "OWN" && system("test -f lua/reeve/verbs/" part[2] ".lua") != 0)
		complain("verb " part[2] " has no lua/reeve/verbs/" part[2] ".lua")
	if (part[3] ~ /LIVE|BOTH|SCREEN|PAST|FILE/ && !(part[2] in served)) complain("verb " part[2] " is not in VERBS of lua/reeve/control.lua")
}
END {
	for (verb in served)
		if (where[verb] !~ /LIVE|BOTH|SCREEN|PAST|FILE/) complain("lua/reeve/control.lua serves " verb ", which is no LIVE row")
	while (("ls lua/reeve/verbs" | getline file) > 0) {
		sub(/\.lua$/, "", file)
		if (where[substr(file, 5)] == "PAST" && file ~ /^past/) continue
		if (file ~ /file$/ && where[substr(file, 1, length(file) - 4)] == "FILE") continue
		if (where[file] !~ /HERE|LIVE|BOTH|SCREEN|PAST|FILE/) complain("lua/reeve/verbs/" file ".lua has no HERE or LIVE row")
	}
	exit bad
}
