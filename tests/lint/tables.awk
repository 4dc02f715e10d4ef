# tables.awk: what the three tables promise. Usage: awk -f tables.awk src/wire/wire.def src/spec/spec.def src/cli/verbs.def
# wire: ids and names are unique and ids never go back; spec: a setting is unique in its scope;
# verbs: a HERE or LIVE verb has its file (once lua/reeve/verbs exists).
function complain(text) { print FILENAME ":" FNR ": " text; bad = 1 }
BEGIN { has_verbs = system("test -d lua/reeve/verbs") == 0 }
/^(ORDER|REPORT)\(/ {
	split($0, part, /[(, ]+/)
	if (part[2] in message) complain("message " part[2] " stands twice")
	if (part[3] in id) complain("id " part[3] " stands twice")
	if (part[3] + 0 <= last) complain("id " part[3] " after " last ": ids only go up")
	message[part[2]]; id[part[3]]; last = part[3] + 0
}
/^SET\(/ {
	split($0, part, /[(, ]+/)
	if ((part[2], part[4]) in setting) complain("setting " part[4] " stands twice in " part[2])
	setting[part[2], part[4]]
}
/^VERB\(/ {
	split($0, part, /[(, ]+/)
	if (part[2] in verb) complain("verb " part[2] " stands twice")
	verb[part[2]]
	if (has_verbs && part[3] != "OWN" && system("test -f lua/reeve/verbs/" part[2] ".lua") != 0)
		complain("verb " part[2] " has no lua/reeve/verbs/" part[2] ".lua")
}
END { exit bad }
