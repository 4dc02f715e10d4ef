// One process of a pool of Node servers: the socket is Reeve's, and is there before and after this process.
const http = require('http');

const server = http.createServer((request, response) => {
  response.end(`hello from node ${process.pid}\n`);
});
server.listen({ fd: 3 }); // the first of LISTEN_FDS
process.on('SIGTERM', () => {
  server.close(() => process.exit(0)); // take nobody more, finish those who are here
  server.closeIdleConnections?.();
});
