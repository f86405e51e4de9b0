#include "account.h"

#include <fstream>
#include <iterator>

#include "server_process.h"
#include "tl/decode.h"
#include "tl/encode.h"
#include "tl/types/api/CodeSettings.h"
#include "tl/types/api/User.h"
#include "tl/types/api/auth/Authorization.h"
#include "tl/types/api/auth/SentCode.h"
#include "tl/types/api/auth/sendCode.h"
#include "tl/types/api/auth/signIn.h"
#include "tl/types/api/auth/signUp.h"
#include "tl/types/api/help/getConfig.h"
#include "tl/types/api/initConnection.h"
#include "tl/types/api/invokeWithLayer.h"

namespace helio::bench {

net::Endpoint server_at(const std::string& address) {
  const auto server = net::parse_endpoint(address);
  if (!server || !server->address().is_loopback()) give_up("--mtproto should be a loopback address and a port");
  return *server;
}

crypto::RsaPublicKey server_key_in(const std::string& file) {
  std::ifstream pem(file);
  auto key = crypto::RsaPublicKey::from_pem(std::string((std::istreambuf_iterator<char>(pem)), {}));
  if (!key) give_up("--key should be the file that `heliograph key` printed");
  return *std::move(key);
}

std::string test_number(int number) {
  return "99966" + std::to_string(1 + number / 10'000) + std::to_string(10'000 + number % 10'000).substr(1);
}

Bytes encoded(const tl::Object& request) {
  Bytes out;
  if (!tl::encode(out, request, tl::kNewestLayer)) give_up("a request cannot be encoded");
  return out;
}

Task<tl::Box<tl::Object>> ask(client::Client& client, Bytes request) {
  const Bytes answer = co_await client.call(std::move(request));
  if (answer.empty()) give_up("a connection has closed");
  if (const auto error = client::error_in(answer); !error.empty()) give_up(error);
  auto object = tl::decode_object(answer);
  if (!object) give_up("an answer cannot be decoded");
  co_return *std::move(object);
}

Task<> introduce(client::Client& client) {
  tl::initConnection init;
  init.api_id = 1;
  init.device_model = init.system_version = init.app_version = "bench";
  init.query = tl::help::getConfig{};
  tl::invokeWithLayer wrapped;
  wrapped.layer = tl::kNewestLayer.number;
  wrapped.query = std::move(init);
  Bytes request = encoded(wrapped);
  co_await ask(client, std::move(request));
}

Task<std::int64_t> join(client::Client& client, std::string phone) {
  tl::auth::sendCode send_code;
  send_code.phone_number = phone;
  send_code.api_id = 1;
  send_code.settings = tl::CodeSettings{};
  Bytes request = encoded(send_code);
  const auto sent = co_await ask(client, std::move(request));
  const auto* code = tl::as<tl::auth::SentCode>(sent);
  if (!code) give_up("no code was sent");

  tl::auth::signIn sign_in;
  sign_in.phone_number = phone;
  sign_in.phone_code_hash = code->phone_code_hash;
  sign_in.phone_code = std::string(6, phone[5]);
  request = encoded(sign_in);
  auto signed_in = co_await ask(client, std::move(request));
  if (tl::as<tl::auth::AuthorizationSignUpRequired>(signed_in)) {
    tl::auth::signUp sign_up;
    sign_up.phone_number = phone;
    sign_up.phone_code_hash = code->phone_code_hash;
    sign_up.first_name = "Bench";
    request = encoded(sign_up);
    signed_in = co_await ask(client, std::move(request));
  }
  const auto* authorization = tl::as<tl::auth::Authorization>(signed_in);
  const auto* user = authorization ? tl::as<tl::User>(authorization->user) : nullptr;
  if (!user) give_up("nobody was signed in");
  co_return user->id;
}

}  // namespace helio::bench
