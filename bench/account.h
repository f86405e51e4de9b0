// bench/account.h: people for load tests: they sign up with test numbers, by the same calls as an app.
//
// The server runs with --test-numbers. Whatever goes wrong ends the program: a measurement with failures is none.
#pragma once
#include "mtproto_client/client.h"
#include "net/endpoint.h"
#include "tl/object.h"

namespace helio::bench {

// What `--mtproto` and `--key` of the command line say.
net::Endpoint server_at(const std::string& address);
crypto::RsaPublicKey server_key_in(const std::string& file);

// Of person `number`, from 0 to 89,999: 99966XYYYY.
std::string test_number(int number);

Bytes encoded(const tl::Object& request);
// The answer to `request`. `client` outlives the task.
Task<tl::Box<tl::Object>> ask(client::Client& client, Bytes request);
// invokeWithLayer and initConnection, once for each key.
Task<> introduce(client::Client& client);
// Signs in with `phone`, after signing up if need be, and returns the user's id.
Task<std::int64_t> join(client::Client& client, std::string phone);

}  // namespace helio::bench
