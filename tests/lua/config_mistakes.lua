--- config_mistakes: what somebody may write, and what they read then: { name, config, exact answer }.
-- The config is that of config_world; its main file is /etc/reeve/reeve.lua.

return {
  { "control with what it does not know", [==[
settings {
  control = { operater = "root", mode = 660, admins = "@nogrp ghost" },
}
]==], [==[
/etc/reeve/reeve.lua:2:26: error: control.operater of settings: there is no 'operater'; there are mode, user, group, admins, operators, observers
    2 |   control = { operater = "root", mode = 660, admins = "@nogrp ghost" },
      |                          ^~~~~~ did you mean 'operators'?
/etc/reeve/reeve.lua:2:41: error: control.mode of settings: a mode is a text such as "0660": Lua reads the number 0660 as decimal 660
    2 |   control = { operater = "root", mode = 660, admins = "@nogrp ghost" },
      |                                         ^~~
/etc/reeve/reeve.lua:2:55: error: control.admins of settings: there is no group 'nogrp' on this system
    2 |   control = { operater = "root", mode = 660, admins = "@nogrp ghost" },
      |                                                       ^~~~~~~~~~~~~~ make it or name another
/etc/reeve/reeve.lua:2:55: error: control.admins of settings: there is no user 'ghost' on this system
    2 |   control = { operater = "root", mode = 660, admins = "@nogrp ghost" },
      |                                                       ^~~~~~~~~~~~~~ make it or name another
]==] },
  { "an unknown setting", [==[
service "web" {
  executable = "/srv/web",
  cleint_limit = 200,
}
]==], [==[
/etc/reeve/reeve.lua:3:3: error: unknown setting 'cleint_limit' in service 'web'
    3 |   cleint_limit = 200,
      |   ^~~~~~~~~~~~ did you mean 'client_limit'?
]==] },
  { "a setting of systemd", [==[
service "web" {
  executable = "/srv/web",
  ExecStart = "/srv/web",
}
]==], [==[
/etc/reeve/reeve.lua:3:3: error: unknown setting 'ExecStart' in service 'web'
    3 |   ExecStart = "/srv/web",
      |   ^~~~~~~~~ Reeve calls this 'executable'
]==] },
  { "a setting of php-fpm", [==[
service "web" {
  executable = "/srv/web",
  max_children = 5,
}
]==], [==[
/etc/reeve/reeve.lua:3:3: error: unknown setting 'max_children' in service 'web'
    3 |   max_children = 5,
      |   ^~~~~~~~~~~~ Reeve calls this 'process_limit'
]==] },
  { "a global setting in a service", [==[
service "web" {
  executable = "/srv/web",
  base_dir = "/run/x",
}
]==], [==[
/etc/reeve/reeve.lua:3:3: error: unknown setting 'base_dir' in service 'web'
    3 |   base_dir = "/run/x",
      |   ^~~~~~~~ it belongs in settings { }
]==] },
  { "a bare word", [==[
service "web" {
  executable = "/srv/web",
  user = dovenull,
}
]==], [==[
/etc/reeve/reeve.lua:3:10: error: unknown name 'dovenull': a string needs quotes
    3 |   user = dovenull,
      |          ^~~~~~~~ write "dovenull"
]==] },
  { "a bare yes", [==[
service "web" {
  executable = "/srv/web",
  drop_priv_before_exec = yes,
}
]==], [==[
/etc/reeve/reeve.lua:3:27: error: unknown name 'yes'
    3 |   drop_priv_before_exec = yes,
      |                           ^~~ write true
]==] },
  { "a misspelt word", [==[
servcie "web" {
  executable = "/srv/web",
}
]==], [==[
/etc/reeve/reeve.lua:1:1: error: unknown word 'servcie'
    1 | servcie "web" {
      | ^~~~~~~ did you mean 'service'?
]==] },
  { "a duration without unit", [==[
service "web" {
  executable = "/srv/web",
  idle_kill = 60,
}
]==], [==[
/etc/reeve/reeve.lua:3:15: error: idle_kill of service 'web': '60' has no unit: 60 what? Write "60s", "60min" or "60h"
    3 |   idle_kill = 60,
      |               ^~
]==] },
  { "minutes or months", [==[
service "web" {
  executable = "/srv/web",
  idle_kill = "1m",
}
]==], [==[
/etc/reeve/reeve.lua:3:15: error: idle_kill of service 'web': '1m' is not clear: 'm' could be minutes or months; write "1min"
    3 |   idle_kill = "1m",
      |               ^~~~
]==] },
  { "a number with a unit and no quotes", [==[
service "web" {
  executable = "/srv/web",
  idle_kill = 60s,
}
]==], [==[
/etc/reeve/reeve.lua:3:15: error: '60s' is not a number
    3 |   idle_kill = 60s,
      |               ^~~ write "60s" with quotes
]==] },
  { "a size in megabytes", [==[
service "web" {
  executable = "/srv/web",
  vsz_limit = "256MB",
}
]==], [==[
/etc/reeve/reeve.lua:3:15: error: vsz_limit of service 'web': '256MB' is not clear: 1000 or 1024? Write "256M" (powers of 1024)
    3 |   vsz_limit = "256MB",
      |               ^~~~~~~
]==] },
  { "a size without unit", [==[
service "web" {
  executable = "/srv/web",
  vsz_limit = 256,
}
]==], [==[
/etc/reeve/reeve.lua:3:15: error: vsz_limit of service 'web': '256' has no unit: write "256M" (or K, G; powers of 1024)
    3 |   vsz_limit = 256,
      |               ^~~
]==] },
  { "a size that is too small", [==[
service "web" {
  executable = "/srv/web",
  vsz_limit = "64K",
}
]==], [==[
/etc/reeve/reeve.lua:3:15: error: vsz_limit of service 'web': below 1M no program can start
    3 |   vsz_limit = "64K",
      |               ^~~~~ write "256M", or 0 for no limit
]==] },
  { "a mode that is a number", [==[
service "web" {
  executable = "/srv/web",
  unix_listener "w" { mode = 0660 },
}
]==], [==[
/etc/reeve/reeve.lua:3:30: error: mode of unix_listener 'w': a mode is a text such as "0660": Lua reads the number 0660 as decimal 660
    3 |   unix_listener "w" { mode = 0660 },
      |                              ^~~~
]==] },
  { "a mode without the leading 0", [==[
service "web" {
  executable = "/srv/web",
  unix_listener "w" { mode = "660" },
}
]==], [==[
/etc/reeve/reeve.lua:3:30: error: mode of unix_listener 'w': '660' lacks the leading 0 of an octal mode; write "0660"
    3 |   unix_listener "w" { mode = "660" },
      |                              ^~~~~
]==] },
  { "a count with a fraction", [==[
service "web" {
  executable = "/srv/web",
  client_limit = 1.5,
}
]==], [==[
/etc/reeve/reeve.lua:3:18: error: client_limit of service 'web': 1.5 is not a whole number
    3 |   client_limit = 1.5,
      |                  ^~~
]==] },
  { "a count that is a text", [==[
service "web" {
  executable = "/srv/web",
  client_limit = "200",
}
]==], [==[
/etc/reeve/reeve.lua:3:18: error: client_limit of service 'web': "200" is a text; write the number without quotes: 200
    3 |   client_limit = "200",
      |                  ^~~~~
]==] },
  { "a negative count", [==[
service "web" {
  executable = "/srv/web",
  client_limit = -1,
}
]==], [==[
/etc/reeve/reeve.lua:3:18: error: client_limit of service 'web': '-1' is not a whole number from 0 up
    3 |   client_limit = -1,
      |                  ^~
]==] },
  { "a count that is too large", [==[
service "web" {
  executable = "/srv/web",
  process_limit = 1000000,
}
]==], [==[
/etc/reeve/reeve.lua:3:19: error: process_limit of service 'web': '1000000' is too large; the most is "100000"
    3 |   process_limit = 1000000,
      |                   ^~~~~~~
]==] },
  { "a user that is a number", [==[
service "web" {
  executable = "/srv/web",
  user = 0,
}
]==], [==[
/etc/reeve/reeve.lua:3:10: error: user of service 'web': the number 0 is refused, so that nobody becomes uid 0 by accident; write a name or "#0"
    3 |   user = 0,
      |          ^
]==] },
  { "an unknown user", [==[
service "web" {
  executable = "/srv/web",
  user = "wbe",
}
]==], [==[
/etc/reeve/reeve.lua:3:10: error: user of service 'web': there is no user 'wbe' on this system
    3 |   user = "wbe",
      |          ^~~~~ make it or name another
]==] },
  { "an unknown group", [==[
service "web" {
  executable = "/srv/web",
  extra_groups = "mail mial",
}
]==], [==[
/etc/reeve/reeve.lua:3:18: error: extra_groups of service 'web': there is no group 'mial' on this system
    3 |   extra_groups = "mail mial",
      |                  ^~~~~~~~~~~
]==] },
  { "a text for a flag", [==[
service "web" {
  executable = "/srv/web",
  inet_listener "http" { port = 80, ssl = "yes" },
}
]==], [==[
/etc/reeve/reeve.lua:3:43: error: ssl of inet_listener 'http': the text "yes" is neither true nor false
    3 |   inet_listener "http" { port = 80, ssl = "yes" },
      |                                           ^~~~~ write true
]==] },
  { "a word that is not a choice", [==[
service "web" {
  executable = "/srv/web",
  contract = "plian",
}
]==], [==[
/etc/reeve/reeve.lua:3:14: error: contract of service 'web': 'plian' is none of "reeve", "dovecot", "systemd", "inetd", "plain"
    3 |   contract = "plian",
      |              ^~~~~~~ did you mean "plain"?
]==] },
  { "a key written twice", [==[
service "web" {
  executable = "/srv/web",
  user = "web", group = "web",
  user = "root",
}
]==], [==[
/etc/reeve/reeve.lua:4:3: error: 'user' is written twice in service 'web'; the first is at /etc/reeve/reeve.lua:3:3
    4 |   user = "root",
      |   ^~~~ remove one of them
]==] },
  { "a key twice in env", [==[
service "web" {
  executable = "/srv/web",
  env = { A = "1", B = "2", A = "3" },
}
]==], [==[
/etc/reeve/reeve.lua:3:29: error: 'A' is written twice; the first is at /etc/reeve/reeve.lua:3:11
    3 |   env = { A = "1", B = "2", A = "3" },
      |                             ^ remove one of them
]==] },
  { "a key whose value is nil", [==[
local site = {}
service "web" {
  executable = "/srv/web",
  chroot = site.rot,
}
]==], [==[
/etc/reeve/reeve.lua:4:12: error: 'chroot' in service 'web' has no value: site.rot is nil
    4 |   chroot = site.rot,
      |            ^~~~~~~~ write unset for the default
]==] },
  { "an item that is nil", [==[
local off
service "web" {
  executable = "/srv/web",
  off and unix_listener "a" {},
  unix_listener "b" {},
}
]==], [==[
/etc/reeve/reeve.lua:4:3: error: item 1 in service 'web' has no value: off and unix_listener "a" {} is nil
    4 |   off and unix_listener "a" {},
      |   ^~~~~~~~~~~~~~~~~~~~~~~~~~~~ write false for nothing
]==] },
  { "a service without braces", [==[
service "web"
]==], [==[
/etc/reeve/reeve.lua:1:1: error: service 'web' has no { … }
    1 | service "web"
      | ^~~~~~~ write service "web" { … }
]==] },
  { "a listener without braces", [==[
service "web" {
  executable = "/srv/web",
  unix_listener "w",
}
]==], [==[
/etc/reeve/reeve.lua:3:3: error: unix_listener 'w' has no { … }
    3 |   unix_listener "w",
      |   ^~~~~~~~~~~~~ write unix_listener "w" { … }
]==] },
  { "a policy word without ()", [==[
service "web" {
  executable = "/srv/web",
  policy = breaker,
}
]==], [==[
/etc/reeve/reeve.lua:3:12: error: policy 'breaker' lacks its ()
    3 |   policy = breaker,
      |            ^~~~~~~ write breaker() or breaker { … }
]==] },
  { "a policy word without () in a list", [==[
service "web" {
  executable = "/srv/web",
  policy = { hours(), breaker },
}
]==], [==[
/etc/reeve/reeve.lua:3:23: error: policy 'breaker' lacks its ()
    3 |   policy = { hours(), breaker },
      |                       ^~~~~~~ write breaker() or breaker { … }
]==] },
  { "getenv of an unset name", [==[
local port = getenv("PROT")
]==], [==[
/etc/reeve/reeve.lua:1:21: error: the environment has no 'PROT', and there is no default
    1 | local port = getenv("PROT")
      |                     ^~~~~~ write getenv("PROT", default)
]==] },
  { "a global", [==[
count = 3
]==], [==[
/etc/reeve/reeve.lua:1:1: error: 'count' is assigned without local
    1 | count = 3
      | ^~~~~ write local count
]==] },
  { "a global function", [==[
function helper(n)
  return n
end
]==], [==[
/etc/reeve/reeve.lua:1:10: error: 'helper' is assigned without local
    1 | function helper(n)
      |          ^~~~~~ write local function helper
]==] },
  { "a setting outside settings", [==[
default_process_limit = 4
]==], [==[
/etc/reeve/reeve.lua:1:1: error: 'default_process_limit' belongs in settings { }
    1 | default_process_limit = 4
      | ^~~~~~~~~~~~~~~~~~~~~ write settings { default_process_limit = … }
]==] },
  { "a setting outside its service", [==[
client_limit = 4
]==], [==[
/etc/reeve/reeve.lua:1:1: error: 'client_limit' belongs in a service
    1 | client_limit = 4
      | ^~~~~~~~~~~~ write service "name" { client_limit = … }
]==] },
  { "a missing comma", [==[
service "web" {
  executable = "/srv/web",
  user = "web"
  group = "web",
}
]==], [==[
/etc/reeve/reeve.lua:3:15: error: a comma is missing after "web"
    3 |   user = "web"
      |               ^ write a comma here
]==] },
  { "a missing comma after a listener", [==[
service "web" {
  executable = "/srv/web",
  unix_listener "a" { mode = "0600" }
  unix_listener "b" {},
}
]==], [==[
/etc/reeve/reeve.lua:3:38: error: a comma is missing after unix_listener "a" {…}
    3 |   unix_listener "a" { mode = "0600" }
      |                                      ^ write a comma here
]==] },
  { "a service name without quotes", [==[
service web {
}
]==], [==[
/etc/reeve/reeve.lua:1:9: error: a name needs quotes: service "web"
    1 | service web {
      |         ^~~ write "web"
]==] },
  { "a brace that is never closed", [==[
service "web" {
  executable = "/srv/web",
]==], [==[
/etc/reeve/reeve.lua:1:15: error: '{' is never closed
    1 | service "web" {
      |               ^ its '}' is missing
]==] },
  { "a quote that is missing", [==[
service "web" {
  executable = "/srv/web",
  user = "web,
}
]==], [==[
/etc/reeve/reeve.lua:3:10: error: the text is not closed
    3 |   user = "web,
      |          ^~~~~ its second quote is missing on this line
]==] },
  { "a path without quotes", [==[
service "web" {
  executable = "/srv/web",
  chroot = /srv,
}
]==], [==[
/etc/reeve/reeve.lua:3:12: error: a path needs quotes
    3 |   chroot = /srv,
      |            ^ write "/the/path"
]==] },
  { "a colon", [==[
service "web" {
  executable = "/srv/web",
  user: "web",
}
]==], [==[
/etc/reeve/reeve.lua:3:7: error: a setting is written key = value, not key: value
    3 |   user: "web",
      |       ^ write = instead of :
]==] },
  { "a comment of another language", [==[
# the web
service "web" {}
]==], [==[
/etc/reeve/reeve.lua:1:1: error: unexpected '#'
    1 | # the web
      | ^ a comment begins with --
]==] },
  { "an = before the brace", [==[
service "web" = {
}
]==], [==[
/etc/reeve/reeve.lua:1:15: error: there is no = before the { of a call
    1 | service "web" = {
      |               ^ write service "name" { … }
]==] },
  { "a value that is missing", [==[
service "web" {
  executable = "/srv/web",
  user = ,
}
]==], [==[
/etc/reeve/reeve.lua:3:10: error: a value is missing after =
    3 |   user = ,
      |          ^ write a value, or unset for the default
]==] },
  { "a key with a dash", [==[
service "web" {
  executable = "/srv/web",
  limit-as = "64M",
}
]==], [==[
/etc/reeve/reeve.lua:3:3: error: 'limit-as' is not a plain name
    3 |   limit-as = "64M",
      |   ^~~~~~~~ Reeve calls this 'vsz_limit'
]==] },
  { "a program that is missing", [==[
service "web" { executable = "/srv/none" }
]==], [==[
/etc/reeve/reeve.lua:1:30: error: executable of service 'web': '/srv/none' does not exist
    1 | service "web" { executable = "/srv/none" }
      |                              ^~~~~~~~~~~
]==] },
  { "a program that cannot be run", [==[
service "web" { executable = "/etc/passwd -x" }
]==], [==[
/etc/reeve/reeve.lua:1:30: error: executable of service 'web': '/etc/passwd' is not executable
    1 | service "web" { executable = "/etc/passwd -x" }
      |                              ^~~~~~~~~~~~~~~~
]==] },
  { "no program", [==[
service "web" { user = "web" }
]==], [==[
/etc/reeve/reeve.lua:1:1: error: service 'web' has no executable
    1 | service "web" { user = "web" }
      | ^~~~~~~ write executable = "/path/of/the/program"
]==] },
  { "min_avail above the limit", [==[
service "web" {
  executable = "/srv/web",
  process_limit = 4, process_min_avail = 5,
}
]==], [==[
/etc/reeve/reeve.lua:3:42: error: process_min_avail of service 'web': 5 is above process_limit 4
    3 |   process_limit = 4, process_min_avail = 5,
      |                                          ^ raise process_limit or lower process_min_avail
]==] },
  { "min_avail above the default limit", [==[
service "web" {
  executable = "/srv/web",
  process_min_avail = 101,
}
]==], [==[
/etc/reeve/reeve.lua:3:23: error: process_min_avail of service 'web': 101 is above process_limit 100 (default_process_limit)
    3 |   process_min_avail = 101,
      |                       ^~~ raise process_limit or lower process_min_avail
]==] },
  { "drop_priv with chroot", [==[
service "web" {
  executable = "/srv/web",
  chroot = "/srv", drop_priv_before_exec = true,
}
]==], [==[
/etc/reeve/reeve.lua:3:44: error: drop_priv_before_exec of service 'web': true cannot be written together with chroot
    3 |   chroot = "/srv", drop_priv_before_exec = true,
      |                                            ^~~~ remove one of them
]==] },
  { "a service twice", [==[
service "web" {
  executable = "/srv/web",

}

service "web" { executable = "/bin/echo" }
]==], [==[
/etc/reeve/reeve.lua:6:1: error: service 'web' is already defined at /etc/reeve/reeve.lua:1:1
    6 | service "web" { executable = "/bin/echo" }
      | ^~~~~~~
]==] },
  { "a listener path twice", [==[
service "web" {
  executable = "/srv/web",
  unix_listener "w" {},
  fifo_listener "/run/reeve/w" {},
}
]==], [==[
/etc/reeve/reeve.lua:4:17: warning: fifo_listener '/run/reeve/w': '/run/reeve/w' begins with base_dir, where relative paths start anyway
    4 |   fifo_listener "/run/reeve/w" {},
      |                 ^~~~~~~~~~~~~~ write "w"
/etc/reeve/reeve.lua:4:17: error: '/run/reeve/w' is already taken by unix_listener 'w' at /etc/reeve/reeve.lua:3:3
    4 |   fifo_listener "/run/reeve/w" {},
      |                 ^~~~~~~~~~~~~~
]==] },
  { "a port twice", [==[
service "web" {
  executable = "/srv/web",
  inet_listener "a" { port = 80 },
  inet_listener "b" { port = 80, address = "*" },
}
]==], [==[
/etc/reeve/reeve.lua:4:17: error: port 80 of 0.0.0.0 is already taken by inet_listener 'a' at /etc/reeve/reeve.lua:3:3
    4 |   inet_listener "b" { port = 80, address = "*" },
      |                 ^~~
]==] },
  { "a setting in two settings {}", [==[
settings { listen = "*" }
settings { fork_budget = 3, listen = "::" }
]==], [==[
/etc/reeve/reeve.lua:2:29: error: 'listen' is already set at /etc/reeve/reeve.lua:1:12
    2 | settings { fork_budget = 3, listen = "::" }
      |                             ^~~~~~ remove one of them
]==] },
  { "a listener outside its service", [==[
unix_listener "w" {}
]==], [==[
/etc/reeve/reeve.lua:1:1: error: unix_listener 'w' stands in no service
    1 | unix_listener "w" {}
      | ^~~~~~~~~~~~~ write it between the { } of its service
]==] },
  { "a listener with a name before it", [==[
service "web" {
  executable = "/srv/web",
  sock = unix_listener "w" {},
}
]==], [==[
/etc/reeve/reeve.lua:3:3: error: a listener stands in service 'web' without a name before it
    3 |   sock = unix_listener "w" {},
      |   ^~~~ remove 'sock ='
]==] },
  { "a listener without port", [==[
service "web" {
  executable = "/srv/web",
  inet_listener "http" {},
}
]==], [==[
/etc/reeve/reeve.lua:3:3: error: inet_listener 'http' has no port
    3 |   inet_listener "http" {},
      |   ^~~~~~~~~~~~~ write port = 80, or port = 0 to disable it
]==] },
  { "an unknown host", [==[
service "web" {
  executable = "/srv/web",
  inet_listener "http" { port = 80, address = "exmaple" },
}
]==], [==[
/etc/reeve/reeve.lua:3:47: error: address 'exmaple' of inet_listener 'http': Name or service not known
    3 |   inet_listener "http" { port = 80, address = "exmaple" },
      |                                               ^~~~~~~~~
]==] },
  { "a socket path that is too long", [==[
service "web" {
  executable = "/srv/web",
  unix_listener "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" {},
}
]==], [==[
/etc/reeve/reeve.lua:3:17: error: unix_listener 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx': the path is too long for a unix socket: 108 bytes, at most 107
    3 |   unix_listener "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" {},
      |                 ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ choose a shorter path or base_dir
]==] },
  { "a value without a name", [==[
service "web" {
  executable = "/srv/web",
  "web",
}
]==], [==[
/etc/reeve/reeve.lua:3:3: error: a text stands without a name in service 'web'
    3 |   "web",
      |   ^~~~~ write setting = "value"
]==] },
  { "a comparison for a setting", [==[
service "web" {
  executable = "/srv/web",
  user == "web",
}
]==], [==[
/etc/reeve/reeve.lua:3:3: error: 'user' is compared, not set
    3 |   user == "web",
      |   ^~~~ write user = …, with one =
]==] },
  { "an include that is not there", [==[
include "conf.d/web.lua"
]==], [==[
/etc/reeve/reeve.lua:1:9: error: cannot read '/etc/reeve/conf.d/web.lua': No such file or directory
    1 | include "conf.d/web.lua"
      |         ^~~~~~~~~~~~~~~~
]==] },
  { "a loop", [==[
local n = 0
while true do
  n = n + 1
end
]==], [==[
/etc/reeve/reeve.lua:3:3: error: the config takes too long: stopped after 5 s while this line was running
    3 |   n = n + 1
      |   ^ look for a loop that does not end
]==] },
  { "a Lua error", [==[
local site
service(site.name) {}
]==], [==[
/etc/reeve/reeve.lua:2:1: error: attempt to index a nil value (local 'site')
    2 | service(site.name) {}
      | ^~~~~~~ the rest of this file was not evaluated
]==] },
  { "a policy name that is taken", [==[
policy "breaker" (function() return {} end)
]==], [==[
/etc/reeve/reeve.lua:1:8: error: 'breaker' is taken: a policy cannot have the name of a word
    1 | policy "breaker" (function() return {} end)
      |        ^~~~~~~~~ choose another name
]==] },
  { "a policy that is not a function", [==[
policy "mine" { floor = 3 }
]==], [==[
/etc/reeve/reeve.lua:1:8: error: policy 'mine' needs a function, not a table
    1 | policy "mine" { floor = 3 }
      |        ^~~~~~ write policy "mine" (function(options) … end)
]==] },
  { "a missing credential", [==[
local key = credential("imap.key")
]==], [==[
/etc/reeve/reeve.lua:1:24: error: cannot read credential 'imap.key': No such file or directory
    1 | local key = credential("imap.key")
      |                        ^~~~~~~~~~
]==] },
  { "a relative base_dir", [==[
settings { base_dir = "run/reeve" }
]==], [==[
/etc/reeve/reeve.lua:1:23: error: base_dir 'run/reeve' is not an absolute path
    1 | settings { base_dir = "run/reeve" }
      |                       ^~~~~~~~~~~ write it from / on
]==] },
  { "a service without name", [==[
service { executable = "/srv/web" }
]==], [==[
/etc/reeve/reeve.lua:1:1: error: service needs a name, not a table
    1 | service { executable = "/srv/web" }
      | ^~~~~~~ write service "name" { … }
]==] },
  { "name and settings in one call", [==[
service("web", { executable = "/srv/web" })
]==], [==[
/etc/reeve/reeve.lua:1:1: error: service takes its name and its settings one after the other
    1 | service("web", { executable = "/srv/web" })
      | ^~~~~~~ write service "name" { … }
]==] },
  { "the engine's user", [==[
service "web" {
  executable = "/srv/web",
  user = "reeve",
}
]==], [==[
/etc/reeve/reeve.lua:3:10: error: user of service 'web': no service may run as the engine's user 'reeve'
    3 |   user = "reeve",
      |          ^~~~~~~ name another user, or another engine_user
]==] },
  { "os", [==[
local home = os.getenv("HOME")
]==], [==[
/etc/reeve/reeve.lua:1:14: error: 'os' is not there in a config
    1 | local home = os.getenv("HOME")
      |              ^~ write getenv(NAME, default) for an environment variable
]==] },
  { "tabs and UTF-8 before the mistake", [==[
service "web" {
  executable = "/srv/web",
	description = "Überblick",	usr = "web",
}
]==], [==[
/etc/reeve/reeve.lua:3:30: error: unknown setting 'usr' in service 'web'
    3 | 	description = "Überblick",	usr = "web",
      | 	                          	^~~ did you mean 'user'?
]==] },
  { "an alias and its setting", [==[
service "web" {
  executable = "/srv/web",
  process_limit = 4, service_process_limit = 5,
}
]==], [==[
/etc/reeve/reeve.lua:3:22: error: 'service_process_limit' and 'process_limit' are the same setting in service 'web'
    3 |   process_limit = 4, service_process_limit = 5,
      |                      ^~~~~~~~~~~~~~~~~~~~~ remove one of them
]==] },
  { "a wrong value in a used table", [==[
local common = {
  user = "web",
  idle_kill = 5,
}
service "web" {
  executable = "/srv/web",
  use = { common },
}
]==], [==[
/etc/reeve/reeve.lua:3:15: error: idle_kill of service 'web': '5' has no unit: 5 what? Write "5s", "5min" or "5h"
    3 |   idle_kill = 5,
      |               ^
]==] },
  { "a service of a function", [==[
local function make(n, options)
  service(n)(options)
end
make("web", { executable = "/srv/web", usr = "web" })
]==], [==[
/etc/reeve/reeve.lua:2:3: error: unknown setting 'usr' in service 'web'
    2 |   service(n)(options)
      |   ^~~~~~~ did you mean 'user'?
]==] },
  { "a policy that is no policy", [==[
service "web" {
  executable = "/srv/web",
  policy = { min_avail = 3 },
}
]==], [==[
/etc/reeve/reeve.lua:3:26: error: policy of service 'web': min_avail must be a function, not a number
    3 |   policy = { min_avail = 3 },
      |                          ^
]==] },
  { "a hook that is misspelt", [==[
service "web" {
  executable = "/srv/web",
  policy = { exti = function() end },
}
]==], [==[
/etc/reeve/reeve.lua:3:14: error: policy of service 'web': there is no hook 'exti'; did you mean 'exit'?
    3 |   policy = { exti = function() end },
      |              ^~~~
]==] },
  { "a vote where a policy is wanted", [==[
service "web" {
  executable = "/srv/web",
  policy = { at_least = 3 },
}
]==], [==[
/etc/reeve/reeve.lua:3:14: error: policy of service 'web': 'at_least' is a field of a vote, which a policy returns: write function(s) return { at_least = … } end
    3 |   policy = { at_least = 3 },
      |              ^~~~~~~~
]==] },
  { "a text for a policy", [==[
service "web" {
  executable = "/srv/web",
  policy = { hours(), "breaker" },
}
]==], [==[
/etc/reeve/reeve.lua:3:23: error: policy of service 'web'.2 must be a function, a table of hooks or a list of policies, not a string
    3 |   policy = { hours(), "breaker" },
      |                       ^~~~~~~~~ write breaker()
]==] },
  { "a policy word without () in a combinator", [==[
service "web" {
  executable = "/srv/web",
  policy = only { hours(), breaker },
}
]==], [==[
/etc/reeve/reeve.lua:3:28: error: policy 'breaker' lacks its ()
    3 |   policy = only { hours(), breaker },
      |                            ^~~~~~~ write breaker() or breaker { … }
]==] },
  { "a combinator that is used wrongly", [==[
service "web" {
  executable = "/srv/web",
  policy = every("5s"), usr = "web",
}
]==], [==[
/etc/reeve/reeve.lua:3:12: error: every(seconds, policy): "5s" is not a number of seconds
    3 |   policy = every("5s"), usr = "web",
      |            ^~~~~
/etc/reeve/reeve.lua:3:25: error: unknown setting 'usr' in service 'web'
    3 |   policy = every("5s"), usr = "web",
      |                         ^~~ did you mean 'user'?
]==] },
  { "a statement within a service", [==[
service "web" {
  executable = "/srv/web",
  settings { listen = "*" },
}
]==], [==[
/etc/reeve/reeve.lua:3:3: error: settings stands inside service 'web'
    3 |   settings { listen = "*" },
      |   ^~~~~~~~~~~~~~~~~~~~~~~~~ write settings … outside of it
]==] },
  { "a literal nil", [==[
service "web" {
  executable = "/srv/web",
  user = nil,
}
]==], [==[
/etc/reeve/reeve.lua:3:10: error: 'user' in service 'web' has no value: it is nil
    3 |   user = nil,
      |          ^~~ write unset for the default
]==] },
  { "an error between a word and its braces", [==[
local site
service "web" {
  executable = site.program,
}
]==], [==[
/etc/reeve/reeve.lua:3:3: error: attempt to index a nil value (local 'site')
    3 |   executable = site.program,
      |   ^~~~~~~~~~ the rest of this file was not evaluated
]==] },
  { "one mistake of many services of a loop", [==[
for i = 1, 40 do
  service("web-" .. i) { executable = "/srv/web", usr = "web" }
end
]==], [==[
/etc/reeve/reeve.lua:2:51: error: unknown setting 'usr' in service 'web-1' (and 39 more)
    2 |   service("web-" .. i) { executable = "/srv/web", usr = "web" }
      |                                                   ^~~ did you mean 'user'?
]==] },
  { "a listener without a name", [==[
service "web" {
  executable = "/srv/web",
  inet_listener = { port = 80 },
}
]==], [==[
/etc/reeve/reeve.lua:3:3: error: inet_listener in service 'web' has no name
    3 |   inet_listener = { port = 80 },
      |   ^~~~~~~~~~~~~ write inet_listener "name" { port = 80 }
]==] },
  { "a word that is assigned", [==[
settings = { listen = "*" }
]==], [==[
/etc/reeve/reeve.lua:1:1: error: 'settings' is a word, not a variable
    1 | settings = { listen = "*" }
      | ^~~~~~~~ write settings { … }, without =
]==] },
  { "a library that is required", [==[
local io = require "io"
]==], [==[
/etc/reeve/reeve.lua:1:20: error: 'io' is not there in a config
    1 | local io = require "io"
      |                    ^~~~ write include "FILE" or credential(NAME)
]==] },
  { "a list with a number", [==[
service "web" {
  executable = "/srv/web",
  extra_groups = { "mail", 8 },
}
]==], [==[
/etc/reeve/reeve.lua:3:28: error: extra_groups of service 'web': the number 8 is not one of a list of groups; write it in quotes
    3 |   extra_groups = { "mail", 8 },
      |                            ^
]==] },
  { "a command with a number", [==[
service "web" { executable = { "/srv/web", 5 } }
]==], [==[
/etc/reeve/reeve.lua:1:44: error: executable of service 'web': the number 5 in a command is not a text; write it in quotes
    1 | service "web" { executable = { "/srv/web", 5 } }
      |                                            ^
]==] },
  { "an id without #", [==[
service "web" {
  executable = "/srv/web",
  user = "1000",
}
]==], [==[
/etc/reeve/reeve.lua:3:10: error: user of service 'web': there is no user '1000' on this system
    3 |   user = "1000",
      |          ^~~~~~ write "#1000" for the id
]==] },
  { "a variable that is not there", [==[
service "web" {
  executable = "/srv/web",
  user = "$default_user",
}
]==], [==[
/etc/reeve/reeve.lua:3:10: error: user of service 'web': there is no user '$default_user' on this system
    3 |   user = "$default_user",
      |          ^~~~~~~~~~~~~~~ there are $base_dir, $default_internal_user, $default_login_user, $default_internal_group
]==] },
  { "a port of one address and of all", [==[
service "web" {
  executable = "/srv/web",
  inet_listener "one" { port = 80, address = "127.0.0.1" },
  inet_listener "all" { port = 80, address = "*" },
}
]==], [==[
/etc/reeve/reeve.lua:4:17: error: port 80 of 0.0.0.0 is already taken by inet_listener 'one' at /etc/reeve/reeve.lua:3:3: 0.0.0.0 is every address
    4 |   inet_listener "all" { port = 80, address = "*" },
      |                 ^~~~~
]==] },
  { "one path in two spellings", [==[
service "web" {
  executable = "/srv/web",
  unix_listener "w" {},
  unix_listener "./w" {},
}
]==], [==[
/etc/reeve/reeve.lua:4:17: error: '/run/reeve/w' is already taken by unix_listener 'w' at /etc/reeve/reeve.lua:3:3
    4 |   unix_listener "./w" {},
      |                 ^~~~~
]==] },
  { "a mode with a fraction", [==[
service "web" {
  executable = "/srv/web",
  unix_listener "w" { mode = 0.5 },
}
]==], [==[
/etc/reeve/reeve.lua:3:30: error: mode of unix_listener 'w': the number 0.5 is not a mode; write a text such as "0660"
    3 |   unix_listener "w" { mode = 0.5 },
      |                              ^~~
]==] },
  { "bytes that were counted", [==[
service "web" {
  executable = "/srv/web",
  vsz_limit = 268435456,
}
]==], [==[
/etc/reeve/reeve.lua:3:15: error: vsz_limit of service 'web': '268435456' has no unit: write "256M"
    3 |   vsz_limit = 268435456,
      |               ^~~~~~~~~
]==] },
  { "a number with a unit that is a word", [==[
service "web" {
  executable = "/srv/web",
  idle_kill = 5min,
}
]==], [==[
/etc/reeve/reeve.lua:3:15: error: '5min' is not a number
    3 |   idle_kill = 5min,
      |               ^~~~ write "5min" with quotes
]==] },
  { "a number with _", [==[
service "web" {
  executable = "/srv/web",
  client_limit = 1_000,
}
]==], [==[
/etc/reeve/reeve.lua:3:18: error: '1_000' is not a number
    3 |   client_limit = 1_000,
      |                  ^~~~~ write 1000
]==] },
  { "a path without quotes, with more than one part", [==[
service "web" {
  executable = "/srv/web",
  chroot = /srv/web,
}
]==], [==[
/etc/reeve/reeve.lua:3:12: error: a path needs quotes
    3 |   chroot = /srv/web,
      |            ^ write "/the/path"
]==] },
  { "an arrow", [==[
service "web" {
  executable = "/srv/web",
  user => "web",
}
]==], [==[
/etc/reeve/reeve.lua:3:9: error: unexpected '=>'
    3 |   user => "web",
      |         ^ write = instead of =>
]==] },
  { "a colon and an =", [==[
service "web" {
  executable = "/srv/web",
  user := "web",
}
]==], [==[
/etc/reeve/reeve.lua:3:8: error: a setting is written key = value, not key: value
    3 |   user := "web",
      |        ^ write = instead of :
]==] },
  { "an = before the brace of a listener", [==[
service "web" {
  executable = "/srv/web",
  inet_listener "a" = { port = 80 },
}
]==], [==[
/etc/reeve/reeve.lua:3:21: error: there is no = before the { of a call
    3 |   inet_listener "a" = { port = 80 },
      |                     ^ write inet_listener "name" { … }
]==] },
  { "words without quotes", [==[
protocols = imap lmtp
]==], [==[
/etc/reeve/reeve.lua:1:13: error: a text needs quotes: "imap lmtp"
    1 | protocols = imap lmtp
      |             ^~~~~~~~~ write "imap lmtp"
]==] },
  { "a service name with a dash without quotes", [==[
service imap-login {
}
]==], [==[
/etc/reeve/reeve.lua:1:9: error: a name needs quotes: service "imap-login"
    1 | service imap-login {
      |         ^~~~~~~~~~ write "imap-login"
]==] },
  { "the second brace of a line that is never closed", [==[
settings { listen = "*" } service "web" { user = "web"
]==], [==[
/etc/reeve/reeve.lua:1:41: error: '{' is never closed
    1 | settings { listen = "*" } service "web" { user = "web"
      |                                         ^ its '}' is missing
]==] },
  { "a backslash", [==[
service "web" {
  executable = "/srv/web",
  chroot = "\/srv",
}
]==], [==[
/etc/reeve/reeve.lua:3:12: error: '\/' is no escape that Lua knows
    3 |   chroot = "\/srv",
      |            ^~~~~~~ write \\ for a backslash
]==] },
  { "parentheses instead of braces", [==[
service "web" (
  executable = "/srv/web",
)
]==], [==[
/etc/reeve/reeve.lua:2:14: error: ')' is expected before '=', to close the '(' of line 1
    2 |   executable = "/srv/web",
      |              ^ settings stand in { }
]==] },
  { "one brace too many", [==[
service "web" {
  executable = "/srv/web",
  user = "web" },
}
]==], [==[
/etc/reeve/reeve.lua:3:17: error: a comma after the last '}'
    3 |   user = "web" },
      |                 ^ is there one '}' too many?
]==] },
  { "a brace for then", [==[
if cpus() > 3 {
}
]==], [==[
/etc/reeve/reeve.lua:1:15: error: 'then' is expected before '{'
    1 | if cpus() > 3 {
      |               ^
]==] },
  { "a goto to nowhere", [==[
for i = 1, 3 do
  if i == 2 then goto continue end
end
]==], [==[
/etc/reeve/reeve.lua:2:18: error: goto has nowhere to go
    2 |   if i == 2 then goto continue end
      |                  ^~~~
]==] },
  { "a no-break space", [==[
service "web" {
  executable = "/srv/web",
  user = "web",
}
]==], [==[
/etc/reeve/reeve.lua:3:9: error: a no-break space stands where a blank should
    3 |   user = "web",
      |         ^ write a plain one
]==] },
  { "the quotes of a word processor", [==[
service “web” {}
]==], [==[
/etc/reeve/reeve.lua:1:9: error: unexpected '“'
    1 | service “web” {}
      |         ^ quotes are " or '
]==] },
  { "an empty include, the second of its line", [==[
include "conf.d/*.lua" include ""
]==], [==[
/etc/reeve/reeve.lua:1:24: error: include needs a path, not an empty text
    1 | include "conf.d/*.lua" include ""
      |                        ^~~~~~~ write include "conf.d/*.lua"
]==] },
  { "a metamethod that does not end", [==[
local function loop()
  while true do end
end
service "web" { executable = "/srv/web", policy = setmetatable({}, { __eq = loop }) }
]==], [==[
/etc/reeve/reeve.lua:2:3: error: the config takes too long: stopped after 20 s while this line was running
    2 |   while true do end
      |   ^~~~~ look for a loop that does not end
]==] },
  { "a metamethod that fails", [==[
local mine = setmetatable({}, { __eq = function() error "mine" end })
service "web" { executable = "/srv/web", policy = mine }
]==], [==[
/etc/reeve/reeve.lua:1:1: error: mine
    1 | local mine = setmetatable({}, { __eq = function() error "mine" end })
      | ^~~~~ the rest of this file was not evaluated
]==] },
}
