-- TLS and PROXY headers for programs that can neither: reeve-tls before services with contract inetd.
local lfs = require "lfs"
local reeve = require "reeve"
local rules = require "rules"
local socket = require "socket"

-- ---- certificates, made once: a and b are good, old is expired, c.key belongs to nobody

local pki

local function make_pki()
  local dir = reeve.shell_line "mktemp -d /tmp/reeve-pki.XXXXXX"
  local script = [[cd %s && chmod 755 . &&
    for n in a b c; do
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout $n.key -out $n.pem -days 30 \
        -subj /CN=$n.example -addext subjectAltName=DNS:$n.example,DNS:*.$n.example
    done &&
    openssl req -new -key a.key -out a.csr -subj /CN=a.example &&
    openssl x509 -req -in a.csr -signkey a.key -days -1 -out old.pem &&
    openssl pkey -in a.key -aes128 -passout pass:x -out locked.key && echo nonsense >bad.pem && chmod 600 *.key]]
  local code, text = reeve.shell(script:format(dir))
  assert(code == 0, text)
  return dir
end

local function fill(text)
  return (text:gsub("@pki@", pki))
end

local CAT = [[service "cat" { executable = "/bin/cat", contract = "inetd", process_limit = 20,
  inet_listener "tls" { port = @port@, address = "127.0.0.1", ssl = true, %s } }]]
local PAIR = 'ssl_cert = "@pki@/a.pem", ssl_key = "@pki@/a.key",'

local function start(config, settings)
  return reeve.start { config = fill(config), settings = fill(settings or "") }
end

-- A client of openssl: what it printed on both outputs, after `text` and the end of its side.
local function s_client(port, options, text)
  local command = "printf %%b '%s' | timeout 60 openssl s_client -connect 127.0.0.1:%d -no_ign_eof %s"
  local _, out = reeve.shell(command:format(text or "", port, options or ""))
  return out
end

-- What comes back through TLS for what is sent; the client ends its side and waits for the other's end.
local function through(port, text)
  local command = "printf %%b '%s' | timeout 60 socat -t 50 - OPENSSL:127.0.0.1:%d,verify=0"
  return reeve.shell_line(command:format(text, port))
end

local function serial(port, name)
  return reeve.shell_line(("timeout 60 openssl s_client -connect 127.0.0.1:%d %s </dev/null 2>/dev/null | openssl x509 "
    .. "-noout -fingerprint -sha256"):format(port, name and "-servername " .. name or ""))
end

local function fingerprint(file)
  return reeve.shell_line(fill(("openssl x509 -noout -fingerprint -sha256 -in @pki@/%s"):format(file)))
end

local function fds_of(pid)
  local n = 0
  for _ in lfs.dir("/proc/" .. pid .. "/fd") do n = n + 1 end
  return n
end

setup(function() pki = make_pki() end)
teardown(function() reeve.shell("rm -rf " .. pki) end)

describe("reeve-tls", function()
  after_each(reeve.clean)

  it("global.ssl_cert: is what a program that knows no TLS is reached with, and the end of each side is passed on",
    function()
    local d = start(CAT:format "", PAIR)
    assert.equal("hello", through(d:port(), "hello"))
    assert.equal(fingerprint "a.pem", serial(d:port()))
    local big = d.dir .. "/big"
    reeve.shell(("head -c 3000000 /dev/urandom >%s"):format(big))
    local both_ways = "timeout 60 socat -t 50 - OPENSSL:127.0.0.1:%d,verify=0 <%s | cmp - %s"
    local code, text = reeve.shell(both_ways:format(d:port(),
      big, big))
    assert.equal(0, code, text)
    d:stop()
  end)

  it("speaks TLS 1.2 and 1.3 and nothing older", function()
    local d = start(CAT:format "", PAIR)
    for option, said in pairs { ["-tls1_2"] = "TLSv1.2", ["-tls1_3"] = "TLSv1.3" } do
      assert.truthy(s_client(d:port(), option):find("New, " .. said, 1, true))
    end
    local old = s_client(d:port(), "-tls1_1 -cipher ALL:@SECLEVEL=0")
    assert.truthy(old:find("Cipher is (NONE)", 1, true), old)
    assert.truthy(s_client(d:port(), "-tls1_2 -cipher AES128-SHA"):find("Cipher is (NONE)", 1,
      true)) -- no forward secrecy
    d:stop()
  end)

  it("global.ssl_key: belongs to root, and is opened for a process that could not read it", function()
    local d = start(CAT:format "", PAIR)
    assert.equal("x", through(d:port(), "x"))
    local p = rules.proc(d:ps "cat-tls"[1].pid)
    assert.equal(rules.all(rules.id("-u", "nobody")), p.Uid)
    assert.equal("1", p.NoNewPrivs)
    local key = pki .. "/a.key"
    assert.equal("rw-------", lfs.attributes(key, "permissions"))
    assert.is_true(reeve.shell(("setpriv --reuid nobody --clear-groups cat %s"):format(key)) ~= 0)
    d:stop()
  end)

  it("inet_listener.ssl_cert: several are chosen by the name that the client asks for; the first is for others",
    function()
    local d = start(CAT:format [[ssl_cert = { "@pki@/b.pem", "@pki@/a.pem" }, ssl_key = { "@pki@/b.key",
      "@pki@/a.key" }]])
    assert.equal(fingerprint "a.pem", serial(d:port(), "www.a.example"))
    assert.equal(fingerprint "b.pem", serial(d:port(), "b.example"))
    assert.equal(fingerprint "b.pem", serial(d:port(), "elsewhere.example"))
    assert.equal(fingerprint "b.pem", serial(d:port()))
    d:stop()
  end)

  it("inet_listener.ssl_key: each certificate needs one, and the listener's own go before the global ones", function()
    local d = start(CAT:format [[ssl_cert = "@pki@/b.pem", ssl_key = "@pki@/b.key"]], PAIR)
    assert.equal(fingerprint "b.pem", serial(d:port()))
    d:stop()
    local text = fill(CAT:gsub("@port@", "443"))
    assert.truthy(rules.check(text:format(fill 'ssl_cert = "@pki@/b.pem"')):refuses "1 of ssl_cert, 0 of ssl_key")
    assert.truthy(rules.check(text:format(fill 'ssl_cert = "@pki@/b.pem", ssl_key = "@pki@/a.key"')):refuses
      "the key does not belong to the certificate")
  end)

  it("is reached by curl, which believes the certificate", function()
    local d = start([[service "web" { executable = { "/bin/sh", "-c",
        "read -r a; printf 'HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nhello\n'; cat >/dev/null" }, contract = "inetd",
      inet_listener "https" { port = @port@, address = "127.0.0.1", ssl = true } }]], PAIR)
    local curl = "curl -sS --max-time 60 --cacert %s/a.pem --resolve a.example:%d:127.0.0.1 https://a.example:%d/ %s"
    for _, version in ipairs { "--tlsv1.3", "--tls-max 1.2" } do
      assert.equal("hello", reeve.shell_line(curl:format(pki, d:port(), d:port(), version)))
    end
    d:stop()
  end)

  it("stands before a program of systemd's, which is started anew when it was killed; both listeners stay", function()
    local server = lfs.currentdir() .. "/examples/python-systemd/server.py"
    local d = start(([[service "web" { executable = { "/usr/bin/python3", %q }, contract = "systemd", ready = "notify",
      process_limit = 1, process_min_avail = 1,
      inet_listener "https" { port = @port@, address = "127.0.0.1", ssl = true } }]]):format(server), PAIR)
    local function get()
      local curl = "curl -sS --max-time 60 --cacert %s/a.pem --resolve a.example:%d:127.0.0.1 https://a.example:%d/"
      local text = reeve.shell_line(curl:format(pki, d:port(), d:port()))
      return assert(tonumber(text:match "^hello from process (%d+), request"), text)
    end
    local first = get()
    assert.equal(first, d:ps "web"[1].pid)
    local function socket_of(pid) return reeve.shell_line(("readlink /proc/%d/fd/3"):format(pid)) end
    local outside, inside = reeve.listening_inode(d:port()), socket_of(first)
    assert.truthy(inside:find "^socket:")
    reeve.kill("KILL", first)
    reeve.wait_gone(first)
    local second = get()
    assert.not_equal(first, second)
    assert.equal(outside, reeve.listening_inode(d:port()))
    assert.equal(inside, socket_of(second))
    assert.equal(1, #d:ps "web-tls")
    d:stop()
  end)

  it("inet_listener.send_proxy: tells the program who the client is and what TLS he has", function()
    local config = [[service "cat" { executable = "/bin/cat", contract = "inetd", process_limit = 20,
      inet_listener "tls" { port = @port@, address = "127.0.0.1", ssl = true, send_proxy = %s } }]]
    local d = start(config:format "true", PAIR)
    local header = reeve.shell_line(("printf x | "
      .. "timeout 60 socat -t 50 - OPENSSL:127.0.0.1:%d,verify=0,snihost=www.a.example "
      .. "| od -An -v -tx1 | tr -d ' \\n'"):format(d:port())):gsub("%x%x", function(x) return string.char(tonumber(x,
        16)) end)
    assert.equal("\r\n\r\n\0\r\nQUIT\n\x21\x11", header:sub(1, 14))
    local length, source, destination, port = string.unpack(">I2 c4 c4 xx I2", header, 15)
    assert.equal("\127\0\0\1\127\0\0\1", source .. destination)
    assert.equal(d:port(), port)
    assert.equal("x", header:sub(17 + length))
    assert.truthy(header:find("\x21\0\7TLSv1.3", 1, true) and header:find("\2\0\13www.a.example", 1, true))
    d:stop()
    d = start(config:format "false", PAIR)
    assert.equal("x", through(d:port(), "x"))
    d:stop()
  end)

  it("takes a balancer's PROXY header off before the program, and hands on what it said", function()
    local d = start([[service "cat" { executable = "/bin/cat", contract = "inetd",
      inet_listener "plain" { port = @port@, address = "127.0.0.1", haproxy = true },
      inet_listener "told" { port = @port2@, address = "127.0.0.1", haproxy = true, send_proxy = true } }]],
      'haproxy_trusted_networks = "127.0.0.1",')
    local function send(port, text)
      local s = assert(socket.connect("127.0.0.1", port))
      s:settimeout(60)
      s:send(text)
      s:shutdown "send"
      local all = s:receive "*a"
      s:close()
      return all
    end
    assert.equal("hello", send(d:port(), "PROXY TCP4 192.0.2.7 198.51.100.1 1000 143\r\nhello"))
    local header = send(d:port(2), "PROXY TCP4 192.0.2.7 198.51.100.1 1000 143\r\nhello")
    assert.equal("\xc0\0\2\7\xc6\x33\x64\1\x03\xe8\0\x8f", header:sub(17, 28))
    assert.equal("hello", header:sub(-5))
    assert.falsy(send(d:port(), "hello"))
    d:wait_log "does not begin with a PROXY header"
    d:stop()
  end)

  it("inet_listener.ssl: false is no TLS", function()
    local d = start([[service "cat" { executable = "/bin/cat", contract = "inetd",
      inet_listener "plain" { port = @port@, address = "127.0.0.1" } }]], PAIR)
    assert.equal("x", reeve.shell_line(("printf x | timeout 60 socat -t 50 - TCP:127.0.0.1:%d"):format(d:port())))
    assert.equal(1, #d:status().services)
    d:stop()
  end)

  it("says what is wrong with a certificate or key, at check and at start", function()
    local rows = {
      { "none.pem", "a.key", "none.pem: No such file or directory" },
      { "a.pem", "none.key", "none.key: No such file or directory" },
      { "bad.pem", "a.key", "the certificate file has no certificate in PEM form" },
      { "a.pem", "bad.pem", "the key file has no private key in PEM form" },
      { "a.pem", "b.key", "the key does not belong to the certificate" },
      { "a.pem", "locked.key", "the key is encrypted" },
      { "old.pem", "a.key", "the certificate expired on 20" },
    }
    for _, row in ipairs(rows) do
      local pair = fill(('ssl_cert = "@pki@/%s", ssl_key = "@pki@/%s",'):format(row[1], row[2]))
      local c = rules.check((CAT:format(""):gsub("@port@", "443")), pair)
      assert.truthy(c:refuses(row[3]))
      assert.truthy(c.text:find "^/[^\n]*:%d+:%d+: error: inet_listener 'tls' of service 'cat'")
    end
    local code, text, d = reeve.refused { config = CAT:format "",
      settings = fill 'ssl_cert = "@pki@/a.pem", ssl_key = "@pki@/b.key",' }
    assert.equal(78, code)
    assert.truthy(text:find("does not belong to the certificate", 1, true))
    d:destroy()
    assert.truthy(rules.check((CAT:format(""):gsub("@port@",
      "443"))):refuses "has ssl = true, but there is no ssl_cert")
  end)

  it("starts with an expired certificate, and says so: a machine must come up again", function()
    local d = start(CAT:format "", 'ssl_cert = "@pki@/old.pem", ssl_key = "@pki@/a.key",')
    d:wait_log "the certificate expired on 20"
    assert.equal("x", through(d:port(), "x"))
    d:stop()
  end)

  it("takes a renewed certificate with a reload: open connections go on, a broken one is refused and harms nobody",
    function()
    local dir = reeve.shell_line "mktemp -d /tmp/reeve-pki.XXXXXX"
    local function install(name)
      reeve.shell(("cp %s/%s.pem %s/x.pem.new && cp %s/%s.key %s/x.key.new && mv %s/x.pem.new %s/x.pem && "
        .. "mv %s/x.key.new %s/x.key"):format(pki, name, dir, pki, name, dir, dir, dir, dir, dir))
    end
    install "a"
    local d = start(CAT:format "", ('ssl_cert = "%s/x.pem", ssl_key = "%s/x.key",'):format(dir, dir))
    -- a connection that stays, through two pipes
    reeve.shell(("mkfifo %s/in && chmod 600 %s/in"):format(d.dir, d.dir))
    local stays = "timeout 300 socat - OPENSSL:127.0.0.1:%d,verify=0 <>%s/in >%s/out 2>/dev/null & echo $!"
    local pid = reeve.shell_line(stays
      :format(d:port(), d.dir, d.dir))
    local function say(text)
      reeve.write(d.dir .. "/in", text .. "\n")
      reeve.wait_until(function() return (reeve.read(d.dir .. "/out") or ""):find(text .. "\n", 1, true) end,
        text .. " to come back")
    end
    say "before"
    local first = d:ps "cat-tls"[1].pid
    install "b"
    local code, text = d:reeve "reload"
    assert.equal(0, code, text)
    assert.truthy(text:find "renew  cat%-tls %(open_files%)")
    assert.truthy(text:find "keep   cat\n")
    reeve.wait_until(function() return serial(d:port()) == fingerprint "b.pem" end, "the new certificate")
    say "after"
    assert.is_true(reeve.is_alive(first))
    os.remove(dir .. "/x.key")
    code, text = d:reeve "reload"
    assert.equal(2, code)
    assert.truthy(text:find("x.key: No such file or directory", 1, true))
    assert.equal(fingerprint "b.pem", serial(d:port()))
    reeve.kill("KILL", d:ps "cat-tls"[#d:ps "cat-tls"].pid) -- and the next process has what the last one had
    reeve.wait_until(function() return serial(d:port()) == fingerprint "b.pem" end, "the same certificate again")
    say "still"
    reeve.kill("TERM", pid)
    reeve.wait_gone(pid)
    reeve.shell("rm -rf " .. dir)
    d:stop()
  end)

  it("names what cannot be: contract plain, a name that is taken", function()
    local text = [[service "s" { executable = "/bin/cat", contract = "%s",
      inet_listener "t" { port = 443, ssl = true } } %s]]
    local pair = fill(PAIR)
    assert.truthy(rules.check(text:format("plain", ""), pair):refuses "nobody can do TLS or PROXY for it")
    assert.truthy(rules.check(text:format("inetd", 'service "s-tls" { executable = "/bin/cat" }'), pair):refuses
      "but that name is taken")
    assert.truthy(rules.check([[service "s" { executable = "/bin/cat", inet_listener "t" { port = 443, ssl = true,
      send_proxy = true } }]]):warns "send_proxy of inet_listener 't' of service 's' has no effect")
  end)

  local function shake(d, n)
    local done = tonumber(reeve.shell_line(("timeout 500 %s/tests/shake %d %d"):format(reeve.build, d:port(), n)))
    assert.equal(n, done + n // 3 + n // 5 - n // 15, "answered " .. done) -- those that leave early
    d:wait_service("cat-tls", { clients = 0 })
    d:wait_service("cat", { live = 0 })
  end

  it("leaves no descriptor behind after 300 connections, good ones and broken ones", function()
    local d = start(CAT:format "", PAIR)
    shake(d, 15)
    local pid = d:ps "cat-tls"[1].pid
    local before = fds_of(pid)
    shake(d, 300)
    assert.equal(pid, d:ps "cat-tls"[1].pid)
    assert.equal(before, fds_of(pid))
    d:stop()
  end)

  it("leaves no descriptor and no memory behind after ten thousand connections #slow", function()
    local d = start(CAT:format "", PAIR)
    local function resident(pid)
      return tonumber(reeve.read("/proc/" .. pid .. "/statm"):match "^%d+ (%d+)") * 4096
    end
    shake(d, 3000)
    local pid = d:ps "cat-tls"[1].pid
    local fds, bytes = fds_of(pid), resident(pid)
    shake(d, 9000)
    assert.equal(fds, fds_of(pid))
    assert.is_true(os.getenv "SAN" ~= nil or resident(pid) - bytes < (4 << 20),
      ("%d bytes more"):format(resident(pid) - bytes))
    d:stop()
  end)
end)
