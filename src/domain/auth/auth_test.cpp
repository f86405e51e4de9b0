#include "domain/auth/auth.h"

#include <gtest/gtest.h>

#include "domain/auth/commands.h"
#include "domain/box/keys.h"
#include "domain/testing/world.h"
#include "tl/errors.h"
#include "tl/types/records/Codes.h"
#include "tl/types/records/NumberOwner.h"

namespace helio::domain {

using testing::World;

namespace {

constexpr std::int64_t kPhoneKey = 11, kTabletKey = 12;
const std::string kNumber = "+49 151 12345678";

using SignedIn = Result<std::variant<UserId, SignUpRequired>>;

struct Entrance : ::testing::Test {
  World world;

  Auth& auth() { return world.domain().auth; }
  Bytes send_code(std::int64_t key, const std::string& phone = kNumber) {
    return world.run(auth().send_code(key, phone))->phone_code_hash;
  }
  std::string last_code() { return world.codes().last.at("4915112345678"); }
  std::string wrong_code() { return last_code() == "000000" ? "000001" : "000000"; }
  SignedIn sign_in(std::int64_t key, const Bytes& hash, std::string code, const std::string& phone = kNumber) {
    return world.run(auth().sign_in(key, phone, hash, Secret<std::string>(std::move(code))));
  }
  Result<UserId> sign_up(std::int64_t key, const Bytes& hash, const std::string& phone = kNumber) {
    return world.run(auth().sign_up(key, phone, hash, "Ada", "Lovelace"));
  }
  UserId new_user(std::int64_t key = kPhoneKey, const std::string& phone = kNumber) {
    const Bytes hash = send_code(key, phone);
    const std::string code = is_code_fixed(phone) ? std::string(6, phone[5]) : last_code();
    EXPECT_TRUE(std::holds_alternative<SignUpRequired>(*sign_in(key, hash, code, phone)));
    return *sign_up(key, hash, phone);
  }
  static bool is_code_fixed(const std::string& phone) { return phone.starts_with("99966"); }
  UserId on(std::int64_t key) { return UserId{world.run(world.domain().devices.get(key))->user_id}; }
};

TEST_F(Entrance, ANewNumberSignsUpAndComesBackOnAnotherDevice) {
  const UserId ada = new_user();
  EXPECT_EQ(on(kPhoneKey), ada);
  EXPECT_EQ(world.run(world.domain().users.find(ada))->first_name, "Ada");

  const Bytes hash = send_code(kTabletKey);
  EXPECT_EQ(on(kTabletKey), UserId{});
  EXPECT_EQ(std::get<UserId>(*sign_in(kTabletKey, hash, last_code())), ada);
  EXPECT_EQ(on(kTabletKey), ada);

  ASSERT_TRUE(world.run(auth().log_out(kTabletKey)));
  EXPECT_EQ(on(kTabletKey), UserId{});
  EXPECT_EQ(on(kPhoneKey), ada);
}

TEST_F(Entrance, TestNumbersTakeTheirDigit) {
  const Bytes hash = send_code(kPhoneKey, "9996634567");
  EXPECT_EQ(sign_in(kPhoneKey, hash, "222222", "9996634567").error(), error::PHONE_CODE_INVALID);
  EXPECT_TRUE(sign_in(kPhoneKey, hash, "333333", "9996634567"));
  EXPECT_FALSE(world.codes().last.contains("9996634567"));
}

TEST(Registration, IsClosedToStrangers) {
  DomainSettings settings;
  settings.auth.test_numbers = true;
  World world(1, settings);
  auto& auth = world.domain().auth;
  const std::string stranger = "4915112345678", test_number = "9996611111";
  // The number is answered as any other; the refusal comes at the end.
  const auto sent = *world.run(auth.send_code(1, stranger));
  const Secret<std::string> code(world.codes().last.at(stranger));
  EXPECT_TRUE(world.run(auth.sign_in(1, stranger, sent.phone_code_hash, code)));
  EXPECT_EQ(world.run(auth.sign_up(1, stranger, sent.phone_code_hash, "A", "")).error(), error::SIGNUP_CLOSED);

  const auto sent_to_test = *world.run(auth.send_code(2, test_number));
  EXPECT_TRUE(world.run(auth.sign_in(2, test_number, sent_to_test.phone_code_hash, Secret<std::string>("111111"))));
  EXPECT_TRUE(world.run(auth.sign_up(2, test_number, sent_to_test.phone_code_hash, "A", "")));
}

TEST_F(Entrance, ACodeBearsFiveGuesses) {
  new_user();
  const Bytes hash = send_code(kPhoneKey);
  for (int guess = 0; guess < kGuessesMax; ++guess) {
    EXPECT_EQ(sign_in(kPhoneKey, hash, wrong_code()).error(), error::PHONE_CODE_INVALID);
  }
  ASSERT_TRUE(world.run(auth().log_out(kPhoneKey)));
  EXPECT_EQ(sign_in(kPhoneKey, hash, last_code()).error(), error::PHONE_CODE_EXPIRED);
}

Task<> guess(Auth& auth, Bytes hash, std::string code, int& wrong, int& expired) {
  const auto answer = co_await auth.sign_in(kTabletKey, kNumber, hash, Secret<std::string>(code));
  if (!answer && answer.error() == error::PHONE_CODE_INVALID) ++wrong;
  if (!answer && answer.error() == error::PHONE_CODE_EXPIRED) ++expired;
}

TEST_F(Entrance, FiftyGuessesAtOnceAreFiveGuesses) {
  const Bytes hash = send_code(kTabletKey);
  store::ModelFaults slow;
  slow.delay_max = milliseconds(20);
  world.model().set_faults(slow);
  TaskGroup guesses(world.cores().executor(0));
  int wrong = 0, expired = 0;
  for (int i = 0; i < 50; ++i) guesses.spawn(guess(auth(), hash, wrong_code(), wrong, expired));
  world.settle(seconds(5));
  EXPECT_EQ(wrong, kGuessesMax);
  EXPECT_EQ(expired, 50 - kGuessesMax);
}

TEST_F(Entrance, GuessesAreCountedThroughACrash) {
  const Bytes hash = send_code(kTabletKey);
  for (int i = 0; i < kGuessesMax; ++i) {
    EXPECT_EQ(sign_in(kTabletKey, hash, wrong_code()).error(), error::PHONE_CODE_INVALID);
    world.crash();
    world.start();
  }
  EXPECT_EQ(sign_in(kTabletKey, hash, last_code()).error(), error::PHONE_CODE_EXPIRED);
}

TEST_F(Entrance, ACodeBelongsToOneNumberAndOneDevice) {
  const Bytes hash = send_code(kPhoneKey);
  const std::string code = last_code();
  EXPECT_EQ(sign_in(kTabletKey, hash, code).error(), error::PHONE_CODE_EXPIRED);
  EXPECT_EQ(sign_in(kPhoneKey, hash, code, "+4915112345679").error(), error::PHONE_CODE_EXPIRED);
  EXPECT_EQ(sign_in(kPhoneKey, "another hash", code).error(), error::PHONE_CODE_EXPIRED);
  EXPECT_EQ(sign_in(kPhoneKey, hash, "").error(), error::PHONE_CODE_EMPTY);
  EXPECT_EQ(sign_in(kPhoneKey, hash, code, "none").error(), error::PHONE_NUMBER_INVALID);
  EXPECT_TRUE(sign_in(kPhoneKey, hash, code));
}

TEST_F(Entrance, ACodeExpires) {
  const Bytes hash = send_code(kPhoneKey);
  world.clock().run_for(seconds(5 * 60));
  EXPECT_EQ(sign_in(kPhoneKey, hash, last_code()).error(), error::PHONE_CODE_EXPIRED);
}

TEST_F(Entrance, ACodeWorksOnce) {
  new_user();
  const Bytes hash = send_code(kTabletKey);
  ASSERT_TRUE(sign_in(kTabletKey, hash, last_code()));
  // The same device may have missed the answer; once it is signed out, the code is worth nothing.
  EXPECT_TRUE(sign_in(kTabletKey, hash, last_code()));
  ASSERT_TRUE(world.run(auth().log_out(kTabletKey)));
  EXPECT_EQ(sign_in(kTabletKey, hash, last_code()).error(), error::PHONE_CODE_EXPIRED);
}

TEST_F(Entrance, NoCodeIsStoredInTheClear) {
  const Bytes hash = send_code(kPhoneKey);
  const std::string code = last_code();
  for (const auto& [partition, content] : world.disk().partitions) {
    for (const auto& [key, value] : content.rows) EXPECT_EQ(value.find(code), Bytes::npos);
  }
}

TEST_F(Entrance, SigningUpNeedsTheRightCodeFirst) {
  const Bytes hash = send_code(kPhoneKey);
  EXPECT_EQ(sign_up(kPhoneKey, hash).error(), error::PHONE_CODE_INVALID);
  ASSERT_TRUE(sign_in(kPhoneKey, hash, last_code()));
  EXPECT_EQ(sign_up(kTabletKey, hash).error(), error::PHONE_CODE_EXPIRED);
  EXPECT_EQ(world.run(auth().sign_up(kPhoneKey, kNumber, hash, "  ", "x")).error(), error::FIRSTNAME_INVALID);
  EXPECT_TRUE(sign_up(kPhoneKey, hash));
}

TEST_F(Entrance, TwoWhoSignUpWithOneNumberAreOne) {
  const Bytes phone_hash = send_code(kPhoneKey);
  ASSERT_TRUE(sign_in(kPhoneKey, phone_hash, last_code()));
  const Bytes tablet_hash = send_code(kTabletKey);
  ASSERT_TRUE(sign_in(kTabletKey, tablet_hash, last_code()));
  const auto first = sign_up(kPhoneKey, phone_hash);
  const auto second = sign_up(kTabletKey, tablet_hash);
  ASSERT_TRUE(first);
  EXPECT_EQ(first, second);
  EXPECT_EQ(sign_up(kPhoneKey, phone_hash), first);  // A repeat whose first answer was lost.
}

TEST_F(Entrance, ASignUpThatWasCutOffIsCompleted) {
  const Bytes hash = send_code(kPhoneKey);
  ASSERT_TRUE(sign_in(kPhoneKey, hash, last_code()));
  // As if the process had died between the two commits.
  tl::record::NumberOwner owner;
  owner.user_id = 5'000'000'000;
  world.disk().partitions[number_partition("4915112345678")].rows[key::owner()] = tl::encode_record(owner);
  world.crash();
  world.start();

  EXPECT_TRUE(std::holds_alternative<SignUpRequired>(*sign_in(kPhoneKey, hash, last_code())));
  EXPECT_EQ(sign_up(kPhoneKey, hash), UserId{5'000'000'000});
  EXPECT_EQ(world.run(world.domain().users.find(UserId{5'000'000'000}))->first_name, "Ada");
}

TEST_F(Entrance, AnIdThatIsTakenIsPassedOver) {
  const UserId other = world.make_user("Other");
  const Bytes hash = send_code(kPhoneKey);
  ASSERT_TRUE(sign_in(kPhoneKey, hash, last_code()));
  tl::record::NumberOwner owner;
  owner.user_id = other.value;
  world.disk().partitions[number_partition("4915112345678")].rows[key::owner()] = tl::encode_record(owner);
  world.crash();
  world.start();
  const auto user = sign_up(kPhoneKey, hash);
  ASSERT_TRUE(user);
  EXPECT_NE(*user, other);
  EXPECT_EQ(world.run(world.domain().users.find(other))->first_name, "Other");
}

TEST_F(Entrance, AnUnwillingStoreDelaysButDoesNotDouble) {
  store::ModelFaults faults;
  faults.conflict = faults.unavailable = faults.unknown_applied = faults.unknown_never = 0.2;
  world.model().set_faults(faults);
  for (int i = 0; i < 10; ++i) {
    SCOPED_TRACE(i);
    const std::string phone = "999661000" + std::to_string(i);
    const UserId user = new_user(100 + i, phone);
    EXPECT_EQ(on(100 + i), user);
  }
  world.model().set_faults({});
  std::size_t boxes = 0;
  for (const auto& [partition, content] : world.disk().partitions) boxes += user_of(partition).has_value();
  EXPECT_EQ(boxes, 10u);
}

TEST_F(Entrance, ANumberHasAtMostFiveCodes) {
  std::vector<Bytes> hashes;
  for (int i = 0; i < 7; ++i) hashes.push_back(send_code(kPhoneKey));
  EXPECT_EQ(sign_in(kPhoneKey, hashes[1], "000000").error(), error::PHONE_CODE_EXPIRED);
  EXPECT_TRUE(sign_in(kPhoneKey, hashes[6], last_code()));
}

TEST_F(Entrance, ADeviceRemembersItsClient) {
  auto& devices = world.domain().devices;
  ClientInfo info{.layer = 198, .api_id = 6, .device_model = "Phone", .app_version = "1.0", .lang_code = "de"};
  ASSERT_TRUE(world.run(devices.set_client(kPhoneKey, info)));
  const UserId ada = new_user();
  world.crash();
  world.start();
  const auto device = world.run(world.domain().devices.get(kPhoneKey));
  EXPECT_EQ(device->layer, 198);
  EXPECT_EQ(device->device_model, "Phone");
  EXPECT_EQ(device->user_id, ada.value);

  world.kv().recording = true;
  ASSERT_TRUE(world.run(world.domain().devices.set_client(kPhoneKey, info)));
  EXPECT_TRUE(world.kv().batches.empty());  // What is known is not written again.
  info.device_model = std::string(300, 'x') + "\u00e9";
  ASSERT_TRUE(world.run(world.domain().devices.set_client(kPhoneKey, info)));
  EXPECT_EQ(world.run(world.domain().devices.get(kPhoneKey))->device_model.size(), 256u);
  const int reads = world.kv().reads;
  world.run(world.domain().devices.get(kPhoneKey));
  EXPECT_EQ(world.kv().reads, reads);  // Every request asks: it is kept in memory.
}

}  // namespace
}  // namespace helio::domain
