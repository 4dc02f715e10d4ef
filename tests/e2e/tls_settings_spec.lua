-- What reeve-tls is told: the oldest protocol, ciphers, whose clients may come; and its own service, NAME-tls.
local reeve = require "reeve"
local rules = require "rules"

-- ---- certificates, made once: server.pem is the server's; good.pem is of ca.pem, revoked.pem too, stranger.pem of
-- nobody known

local pki

local function make_pki()
  local dir = reeve.shell_line "mktemp -d /tmp/reeve-pki.XXXXXX"
  local script = [[cd %s && chmod 755 . &&
    for n in server ca stranger; do
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout $n.key -out $n.crt -days 30 \
        -subj /CN=$n.example
    done &&
    for n in good revoked; do
      openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout $n.key -out $n.csr \
        -subj /CN=$n.example &&
      openssl x509 -req -in $n.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -out $n.crt
    done &&
    for n in good revoked stranger; do cat $n.crt $n.key >$n.pem; done &&
    : >index && echo 01 >number &&
    printf '[ca]\ndefault_ca=x\n[x]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\n' >ca.cnf &&
    openssl ca -config ca.cnf -cert ca.crt -keyfile ca.key -revoke revoked.crt &&
    openssl ca -config ca.cnf -cert ca.crt -keyfile ca.key -gencrl -crldays 30 -out list.pem &&
    cat ca.crt list.pem >ca-and-list.pem && echo nonsense >bad.pem && chmod 600 *.key]]
  local code, text = reeve.shell(script:format(dir))
  assert(code == 0, text)
  return dir
end

local function fill(text)
  return (text:gsub("@pki@", pki))
end

local PAIR = 'ssl_cert = "@pki@/server.crt", ssl_key = "@pki@/server.key",'
local CAT = [[service "cat" { executable = "/bin/cat", contract = "inetd", process_limit = 20,
  inet_listener "tls" { port = @port@, address = "127.0.0.1", ssl = true, %s },
  inet_listener "other" { port = @port2@, address = "127.0.0.1", ssl = true, %s } } %s]]

local function cat(first, second, more)
  return fill(CAT:format(first or "", second or "", more or ""))
end

local function start(config, settings)
  return reeve.start { config = config, settings = fill(PAIR .. (settings or "")) }
end

-- What comes back for "x" from a client with these options of socat; "" when he was not taken.
local function echo(port, options)
  local command = "printf x | timeout 60 socat -t 50 - OPENSSL:127.0.0.1:%d,verify=0%s 2>/dev/null"
  local _, text = reeve.shell(command:format(port, fill(options or "")))
  return text
end

local function with(name)
  return (",cert=@pki@/%s.pem"):format(name)
end

local NEW, OLD = ",openssl-min-proto-version=TLS1.3", ",openssl-max-proto-version=TLS1.2"

local function cipher(port)
  local command = "timeout 60 openssl s_client -connect 127.0.0.1:%d -tls1_2 </dev/null 2>&1"
  local _, text = reeve.shell(command:format(port))
  return text:match "Cipher is (%S+)"
end

-- The SSL field of the PROXY header that a program behind was sent: { client, result, [type] = text }
local function told(port, options)
  local command = "printf x | timeout 60 socat -t 50 - OPENSSL:127.0.0.1:%d,verify=0%s | od -An -v -tx1 | tr -d ' \\n'"
  local header = reeve.shell_line(command:format(port, fill(options)))
    :gsub("%x%x", function(x) return string.char(tonumber(x, 16)) end)
  local function fields(text, at)
    local all = {}
    while at <= #text do
      local type, value, next = string.unpack(">B s2", text, at)
      all[type], at = value, next
    end
    return all
  end
  local ssl = fields(header:sub(1, 16 + string.unpack(">I2", header, 15)), 29)[0x20]
  local field = fields(ssl, 6)
  field.client, field.result = string.unpack(">B I4", ssl)
  return field
end

setup(function() pki = make_pki() end)
teardown(function() reeve.shell("rm -rf " .. pki) end)

describe("settings of reeve-tls:", function()
  after_each(reeve.clean)

  it("global.ssl_min_protocol: TLSv1.3 refuses who speaks only TLS 1.2", function()
    local d = start(cat("", 'ssl_min_protocol = "TLSv1.2"'), 'ssl_min_protocol = "TLSv1.3",')
    assert.equal("x", echo(d:port(), NEW))
    assert.equal("", echo(d:port(), OLD))
    assert.equal("x", echo(d:port(2), OLD))
    d:stop()
  end)

  it("inet_listener.ssl_min_protocol: is of one listener alone", function()
    local d = start(cat('ssl_min_protocol = "TLSv1.3"'))
    assert.equal("x", echo(d:port(), NEW))
    assert.equal("", echo(d:port(), OLD))
    assert.equal("x", echo(d:port(2), OLD))
    d:stop()
  end)

  it("global.ssl_cipher_list: is what TLS 1.2 is spoken with", function()
    local d = start(cat(), 'ssl_cipher_list = "ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-ECDSA-CHACHA20-POLY1305",')
    assert.equal("ECDHE-ECDSA-AES256-GCM-SHA384", cipher(d:port()))
    d:stop()
    local bad = rules.check((cat():gsub("@port2?@", { ["@port@"] = 443, ["@port2@"] = 444 })),
      fill(PAIR .. 'ssl_cipher_list = "ENIGMA",'))
    assert.truthy(bad:refuses "ssl_cipher_list: OpenSSL knows no cipher of 'ENIGMA'")
  end)

  it("inet_listener.ssl_cipher_list: is of one listener alone", function()
    local d = start(cat('ssl_cipher_list = "ECDHE-ECDSA-AES256-GCM-SHA384"'))
    assert.equal("ECDHE-ECDSA-AES256-GCM-SHA384", cipher(d:port()))
    assert.equal("ECDHE-ECDSA-AES128-GCM-SHA256", cipher(d:port(2)))
    d:stop()
  end)

  it("global.ssl_verify_client_cert: required closes who shows no certificate, a stranger's or a revoked one",
    function()
    local d = start(cat("", "ssl_verify_client_cert = false"),
      'ssl_ca = "@pki@/ca-and-list.pem", ssl_verify_client_cert = "required",')
    for _, version in ipairs { NEW, OLD } do
      assert.equal("x", echo(d:port(), version .. with "good"))
      for _, bad in ipairs { "", with "stranger", with "revoked" } do
        assert.equal("", echo(d:port(), version .. bad))
      end
    end
    for _, why in ipairs { "peer did not return a certificate", "certificate revoked", "self%-signed certificate" } do
      d:wait_log("listener 'tls': no TLS handshake: " .. why)
    end
    assert.equal("x", echo(d:port(2)))
    d:stop()
  end)

  it("inet_listener.ssl_verify_client_cert: true lets everybody in, and the program is told who showed what", function()
    local d = start(cat('ssl_verify_client_cert = true, ssl_ca = "@pki@/ca.crt", send_proxy = true',
      "send_proxy = true"))
    local good = told(d:port(), with "good")
    assert.same({ 7, 0, "good.example" }, { good.client, good.result, good[0x22] })
    local stranger = told(d:port(), with "stranger")
    assert.equal(7, stranger.client)
    assert.not_equal(0, stranger.result)
    assert.is_nil(stranger[0x22])
    local none = told(d:port(), "")
    assert.equal(1, none.client)
    assert.not_equal(0, none.result)
    assert.equal(1, told(d:port(2), with "good").client)
    d:stop()
  end)

  it("global.ssl_ca: is looked at when the config is, and by a reload", function()
    local ca = pki .. "/reload.pem"
    reeve.shell(("cp %s/ca.crt %s"):format(pki, ca))
    local d = start(cat(), ('ssl_verify_client_cert = "required", ssl_ca = "%s",'):format(ca))
    assert.equal("x", echo(d:port(), with "revoked")) -- this file has no list
    reeve.shell(("cp %s/ca-and-list.pem %s"):format(pki, ca))
    assert.equal(0, (d:reeve "reload"))
    reeve.wait_until(function() return echo(d:port(), with "revoked") == "" end, "the list to be used")
    assert.equal("x", echo(d:port(), with "good"))
    d:stop()
    local text = cat():gsub("@port2?@", { ["@port@"] = 443, ["@port2@"] = 444 })
    local function check(settings) return rules.check(text, fill(PAIR .. settings)) end
    local wants = 'ssl_verify_client_cert = "required",'
    assert.truthy(check(wants):refuses "ssl_verify_client_cert is required, but there is no ssl_ca")
    assert.truthy(check(wants .. 'ssl_ca = "@pki@/bad.pem",'):refuses "bad.pem: the file has no certificate")
    assert.truthy(check(wants .. 'ssl_ca = "@pki@/none.pem",'):refuses "none.pem: No such file or directory")
    assert.truthy(check('ssl_verify_client_cert = true, ssl_ca = "@pki@/ca.crt",'):warns
      "clients without a certificate may come, too, and the program does not learn who has one")
  end)

  it("inet_listener.ssl_ca: goes before the global one, and is said to have no effect where nobody is asked",
    function()
    local d = start(cat('ssl_ca = "@pki@/stranger.crt"'),
      'ssl_ca = "@pki@/ca.crt", ssl_verify_client_cert = "required",')
    assert.same({ "x", "" }, { echo(d:port(), with "stranger"), echo(d:port(), with "good") })
    assert.same({ "", "x" }, { echo(d:port(2), with "stranger"), echo(d:port(2), with "good") })
    d:stop()
    local text = cat('ssl_ca = "@pki@/ca.crt"'):gsub("@port2?@", { ["@port@"] = 443, ["@port2@"] = 444 })
    assert.truthy(rules.check(text, fill(PAIR)):warns "has no effect: no client is asked for a certificate")
  end)
end)

describe("the service NAME-tls", function()
  after_each(reeve.clean)

  it("is what the config says where it says something, and what Reeve makes of it elsewhere", function()
    local d = start(cat("", "", [[service "cat-tls" { process_min_avail = 2, process_limit = 3, client_limit = 7,
      vsz_limit = 0, nice = 5, user = "games", policy = { min_avail = function() return 3 end } }]]))
    d:wait_service("cat-tls", { live = 3 })
    local facts = d:service "cat-tls"
    assert.same({ 3, 7 }, { facts.process_limit, facts.client_limit })
    local p = rules.proc(d:ps "cat-tls"[1].pid)
    assert.equal(rules.all(rules.id("-u", "games")), p.Uid)
    assert.equal(math.min(rules.proc "self".nice + 5, 19), p.nice)
    assert.equal("unlimited", p.limits["Max address space"][1])
    assert.equal("1", p.NoNewPrivs)
    assert.equal("x", echo(d:port()))
    assert.equal("games", reeve.shell_line(("stat -c %%U %s/run/relay/cat/tls"):format(d.dir)))
    d:stop()
  end)

  it("says what cannot be written there, and where it is about nothing", function()
    local function check(more, first)
      local text = cat(first, "", more):gsub("@port2?@", { ["@port@"] = 443, ["@port2@"] = 444 })
      return rules.check(text, fill(PAIR))
    end
    assert.truthy(check [[service "cat-tls" { contract = "inetd" }]]:refuses
      "contract of service 'cat-tls': this is reeve-tls for service 'cat', whose contract cannot be chosen")
    assert.truthy(check [[service "cat-tls" { inet_listener "x" { port = 9 } }]]:refuses
      "its listeners are those of 'cat'")
    assert.truthy(check [[service "cat-tls" { process_limt = 9 }]]:refuses "did you mean 'process_limit'?")
    local text = [[service "cat" { executable = "/bin/cat", contract = "inetd", inet_listener "plain" { port = 7 } }
      service "cat-tls" { process_limit = 2 }]]
    assert.truthy(rules.check(text):warns "service 'cat-tls' has no effect: no listener of 'cat' needs reeve-tls")
    assert.truthy(rules.check(text:gsub('"cat"', '"dog"')):refuses "service 'cat-tls' has no executable")
  end)
end)
