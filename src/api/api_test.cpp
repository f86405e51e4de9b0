#include "api/api.h"

#include "api/testing/clients.h"
#include "tl/types/api/Config.h"
#include "tl/types/api/DcOption.h"
#include "tl/types/api/NearestDc.h"
#include "tl/types/api/auth/LoggedOut.h"
#include "tl/types/api/auth/bindTempAuthKey.h"
#include "tl/types/api/auth/dropTempAuthKeys.h"
#include "tl/types/api/auth/exportLoginToken.h"
#include "tl/types/api/auth/logOut.h"
#include "tl/types/api/contacts/resolveUsername.h"
#include "tl/types/api/help/getConfig.h"
#include "tl/types/api/help/getNearestDc.h"
#include "tl/types/api/invokeAfterMsg.h"
#include "tl/types/api/messages/getDialogs.h"
#include "tl/types/api/messages/sendMessage.h"
#include "tl/types/api/updates/State.h"
#include "tl/types/api/updates/getState.h"
#include "tl/types/api/users/Users.h"
#include "tl/types/api/users/getUsers.h"

namespace helio::api::testing {
namespace {

constexpr int kLayer = 227;

std::string error_of(View bytes) {
  return Client::error_of(bytes).value_or("");
}

TEST(Api, AStrangerIsToldThatNobodyIsSignedIn) {
  Server server;
  Client client(server, kLayer);
  EXPECT_EQ(client.refusal(tl::updates::getState{}), "AUTH_KEY_UNREGISTERED");
}

TEST(Api, BytesThatAreNoQueryAreRefused) {
  Server server;
  Client client(server, kLayer);
  struct Case {
    Bytes body;
    std::string_view error;
  } cases[] = {
      {"", "INPUT_FETCH_ERROR"},
      {"abc", "INPUT_FETCH_ERROR"},
      {*from_hex("01020304"), "INPUT_METHOD_INVALID"},
      {encoded(tl::help::getConfig{}, client.layer()) + "more", "INPUT_FETCH_ERROR"},
      // A constructor is no method, an unknown method inside of wrappers is still one.
      {encoded(tl::InputPeerSelf{}, client.layer()), "INPUT_METHOD_INVALID"},
      {client.wrapped(tl::help::getConfig{}).substr(0, client.wrapped(tl::help::getConfig{}).size() - 4) +
           *from_hex("01020304"),
       "INPUT_METHOD_INVALID"},
  };
  for (const auto& [body, error] : cases) {
    EXPECT_EQ(error_of(client.call(client.context(), body)), error) << to_hex(body);
  }
}

TEST(Api, AMethodThatIsNotOfferedSaysSo) {
  Server server;
  Client client(server, kLayer);
  client.enter("9996610001", "Anna");
  tl::auth::exportLoginToken token;
  EXPECT_EQ(client.refusal(token), "METHOD_INVALID");
}

TEST(Api, AQueryBeforeInitConnectionIsRefusedUnlessItIsHowClientsBegin) {
  Server server;
  Client client(server, kLayer);
  const auto bare = [&](const tl::Object& request) {
    return client.call(client.context(), encoded(request, client.layer()));
  };
  EXPECT_EQ(error_of(bare(tl::help::getConfig{})), "");
  EXPECT_EQ(error_of(bare(tl::help::getNearestDc{})), "");
  tl::auth::sendCode send;
  send.phone_number = "9996610001";
  send.api_id = 4;
  send.settings = tl::CodeSettings{};
  EXPECT_EQ(error_of(bare(send)), "CONNECTION_NOT_INITED");
  client.raw(tl::help::getConfig{});  // Wrapped.
  EXPECT_EQ(error_of(bare(send)), "");
}

TEST(Api, B19_AnUnboundTemporaryKeyMayOnlyBeBoundAndAskForTheConfig) {
  Server server;
  Client client(server, kLayer);
  const auto unbound = [&](const tl::Object& request) {
    Context context = client.context();
    context.auth_key_id = 99;
    context.perm_auth_key_id.reset();
    return client.call(std::move(context), client.wrapped(request));
  };
  EXPECT_EQ(error_of(unbound(tl::updates::getState{})), "AUTH_KEY_PERM_EMPTY");
  EXPECT_EQ(error_of(unbound(tl::help::getConfig{})), "");
  EXPECT_EQ(error_of(unbound(tl::help::getNearestDc{})), "");

  tl::auth::bindTempAuthKey bind;
  bind.perm_auth_key_id = client.key();
  bind.nonce = 5;
  bind.expires_at = 6;
  bind.encrypted_message = "sealed";
  EXPECT_EQ(to_hex(unbound(bind)), "b5757299");
  ASSERT_EQ(server.keys.bound.size(), 1u);
  EXPECT_EQ(server.keys.bound[0].temp_auth_key_id, 99);
  EXPECT_EQ(server.keys.bound[0].perm_auth_key_id, client.key());
  EXPECT_EQ(server.keys.bound[0].session_id, client.session_key().session_id);
  EXPECT_EQ(server.keys.bound[0].nonce, 5);
  EXPECT_EQ(server.keys.bound[0].expires_at, 6);
  EXPECT_EQ(server.keys.bound[0].encrypted_message, "sealed");

  server.keys.answer = fail(error::ENCRYPTED_MESSAGE_INVALID);
  EXPECT_EQ(error_of(unbound(bind)), "ENCRYPTED_MESSAGE_INVALID");

  tl::auth::dropTempAuthKeys drop;
  drop.except_auth_keys = {99};
  EXPECT_EQ(client.refusal(drop), "");
  ASSERT_EQ(server.keys.dropped.size(), 1u);
  EXPECT_EQ(server.keys.dropped[0].first, client.key());
}

TEST(Api, TheConfigNamesTheDcThatTheClientAskedForAndAnAddressThatItReached) {
  Server server;
  struct Case {
    int asked, this_dc;
    bool test;
  } cases[] = {{2, 2, false},      {1, 1, false}, {10'001, 1, true}, {-4, 4, false},
               {-10'002, 2, true}, {0, 2, false}, {31'337, 2, true}};
  for (const auto& [asked, this_dc, test] : cases) {
    Client client(server, kLayer);
    client.dc = asked;
    const auto config = client.ask<tl::Config>(tl::help::getConfig{});
    EXPECT_EQ(config.this_dc, this_dc) << asked;
    EXPECT_EQ(config.test_mode, test) << asked;
    ASSERT_FALSE(config.dc_options.empty());
    for (const auto& box : config.dc_options) {
      const auto* option = tl::as<tl::DcOption>(box);
      EXPECT_EQ(option->ip_address, "127.0.0.1");
      EXPECT_EQ(option->port, 4430);
    }
    EXPECT_EQ(tl::as<tl::DcOption>(config.dc_options.front())->id, this_dc);
    EXPECT_EQ(client.ask<tl::NearestDc>(tl::help::getNearestDc{}).this_dc, this_dc);
  }
}

TEST(Api, AQueryWaitsForTheOneThatItNames) {
  Server server;
  Client client(server, kLayer);
  client.enter("9996610001", "Anna");
  tl::invokeAfterMsg after;
  after.msg_id = 8;
  after.query = tl::updates::getState{};
  const Ticks before = server.world.clock().ticks();
  EXPECT_EQ(client.refusal(after), "MSG_WAIT_TIMEOUT");
  EXPECT_EQ(server.world.clock().ticks() - before, seconds(10));
  client.session().outcomes[8] = Outcome::kFailed;
  EXPECT_EQ(client.refusal(after), "MSG_WAIT_FAILED");
  client.session().outcomes[8] = Outcome::kDone;
  EXPECT_EQ(client.refusal(after), "");
}

TEST(Api, ABrokenStoreIsAnInternalErrorAndNever401) {
  Server server;
  Client client(server, kLayer);
  client.enter("9996610001", "Anna");
  store::ModelFaults down;
  down.read_down = 1;
  server.world.model().set_faults(down);
  tl::messages::getDialogs get;
  get.offset_peer = tl::InputPeerEmpty{};
  EXPECT_EQ(client.refusal(get), "INTERNAL");
  server.world.model().set_faults({});
  EXPECT_EQ(client.refusal(get), "");
}

TEST(Api, WhoLogsOutIsAStrangerAgain) {
  Server server;
  Client client(server, kLayer);
  client.enter("9996610001", "Anna");
  client.ask<tl::auth::LoggedOut>(tl::auth::logOut{});
  EXPECT_EQ(client.refusal(tl::updates::getState{}), "AUTH_KEY_UNREGISTERED");
}

TEST(Api, ADestroyedKeyIsSignedOut) {
  Server server;
  Client client(server, kLayer);
  client.enter("9996610001", "Anna");
  server.world.run(server.api->key_destroyed(client.key()));
  EXPECT_EQ(client.refusal(tl::updates::getState{}), "AUTH_KEY_UNREGISTERED");
}

TEST(Api, WrongAndForeignAccessHashesAreAllTheSameError) {
  Server server;
  Client anna(server, kLayer), ben(server, kLayer);
  anna.enter("9996610001", "Anna");
  ben.enter("9996620002", "Ben");
  tl::messages::sendMessage send;
  send.message = "hi";
  send.random_id = 1;
  tl::InputPeerUser absent;
  absent.user_id = 123'456'789;
  tl::InputPeerChannel channel;
  channel.channel_id = 5;
  tl::InputPeerChat chat;
  chat.chat_id = 5;
  struct Case {
    tl::Box<tl::TypeInputPeer> peer;
    std::string_view error;
  } cases[] = {
      {peer_of(ben.me), "PEER_ID_INVALID"},  // Ben's hash of himself is of no use to Anna.
      {absent, "PEER_ID_INVALID"},          {tl::InputPeerEmpty{}, "PEER_ID_INVALID"}, {chat, "PEER_ID_INVALID"},
      {channel, "CHANNEL_INVALID"},
  };
  for (const auto& [peer, error] : cases) {
    send.peer = peer;
    EXPECT_EQ(anna.refusal(send), error) << tl::to_json(*peer);
  }
  // Oneself needs no hash.
  tl::InputPeerUser self;
  self.user_id = anna.me.id;
  send.peer = self;
  EXPECT_EQ(anna.refusal(send), "");
}

TEST(Api, SendingRefusesWhatItCannotDo) {
  Server server;
  Client anna(server, kLayer);
  anna.enter("9996610001", "Anna");
  const auto refusal = [&](auto change) {
    tl::messages::sendMessage send;
    send.peer = tl::InputPeerSelf{};
    send.message = "hi";
    send.random_id = 1;
    change(send);
    return anna.refusal(send);
  };
  EXPECT_EQ(refusal([](auto& send) { send.message = "  "; }), "MESSAGE_EMPTY");
  EXPECT_EQ(refusal([](auto& send) { send.message = Bytes(5000, 'x'); }), "MESSAGE_TOO_LONG");
  EXPECT_EQ(refusal([](auto& send) { send.random_id = 0; }), "RANDOM_ID_EMPTY");
  EXPECT_EQ(refusal([](auto& send) { send.schedule_date = 2'000'000'000; }), "SCHEDULE_DATE_INVALID");
  EXPECT_EQ(refusal([](auto&) {}), "");
}

TEST(Api, UsersAreGivenInTheOrderAskedFor) {
  Server server;
  Client anna(server, kLayer);
  anna.enter("9996610001", "Anna");
  tl::users::getUsers get;
  tl::InputUser stranger;
  stranger.user_id = 4711;
  get.id.push_back(stranger);
  get.id.push_back(tl::InputUserSelf{});
  // users.users holds nothing but such a vector.
  Bytes bytes;
  append_le(bytes, tl::users::Users::kId);
  const auto answer = anna.as<tl::users::Users>(bytes + anna.raw(get), "users.getUsers");
  ASSERT_EQ(answer.users.size(), 2u);
  EXPECT_TRUE(tl::as<tl::UserEmpty>(answer.users[0]));
  ASSERT_TRUE(tl::as<tl::User>(answer.users[1]));
  EXPECT_TRUE(tl::as<tl::User>(answer.users[1])->self);
}

TEST(Api, AUsernameThatNobodyHasIsAnErrorNotAnEmptyAnswer) {
  Server server;
  Client anna(server, 152);
  anna.enter("9996610001", "Anna");
  tl::contacts::resolveUsername resolve;
  resolve.username = "somebody";
  EXPECT_EQ(anna.refusal(resolve), "USERNAME_NOT_OCCUPIED");
}

}  // namespace
}  // namespace helio::api::testing
