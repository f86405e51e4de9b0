// The main job through the api, in every layer that must work.
#include "api/testing/clients.h"
#include "tl/types/api/Contact.h"
#include "tl/types/api/Dialog.h"
#include "tl/types/api/ImportedContact.h"
#include "tl/types/api/InputContact.h"
#include "tl/types/api/InputDialogPeer.h"
#include "tl/types/api/InputMessage.h"
#include "tl/types/api/InputReplyTo.h"
#include "tl/types/api/Message.h"
#include "tl/types/api/MessageEntity.h"
#include "tl/types/api/MessageReplyHeader.h"
#include "tl/types/api/Peer.h"
#include "tl/types/api/TextWithEntities.h"
#include "tl/types/api/Update.h"
#include "tl/types/api/UserFull.h"
#include "tl/types/api/contacts/Contacts.h"
#include "tl/types/api/contacts/ImportedContacts.h"
#include "tl/types/api/contacts/ResolvedPeer.h"
#include "tl/types/api/contacts/getContacts.h"
#include "tl/types/api/contacts/importContacts.h"
#include "tl/types/api/contacts/resolvePhone.h"
#include "tl/types/api/messages/AffectedMessages.h"
#include "tl/types/api/messages/Dialogs.h"
#include "tl/types/api/messages/Messages.h"
#include "tl/types/api/messages/PeerDialogs.h"
#include "tl/types/api/messages/getDialogs.h"
#include "tl/types/api/messages/getHistory.h"
#include "tl/types/api/messages/getMessages.h"
#include "tl/types/api/messages/getPeerDialogs.h"
#include "tl/types/api/messages/readHistory.h"
#include "tl/types/api/messages/sendMessage.h"
#include "tl/types/api/updates/Difference.h"
#include "tl/types/api/updates/State.h"
#include "tl/types/api/updates/getDifference.h"
#include "tl/types/api/updates/getState.h"
#include "tl/types/api/users/UserFull.h"
#include "tl/types/api/users/getFullUser.h"

namespace helio::api::testing {
namespace {

constexpr std::string_view kAnna = "9996610001", kBen = "9996620002";

class Conversation : public ::testing::TestWithParam<int> {
 protected:
  Conversation() : anna(server, GetParam()), ben(server, GetParam()) {
    anna.enter(std::string(kAnna), "Anna");
    ben.enter(std::string(kBen), "Ben");
    // Sessions follow their updates from now on; what sign-up itself brought is of no interest here.
    anna.pushed();
    ben.pushed();
  }

  // As seen by `by`, who has the number.
  tl::User find(Client& by, std::string_view phone) {
    tl::contacts::resolvePhone resolve;
    resolve.phone = phone;
    const auto found = by.ask<tl::contacts::ResolvedPeer>(resolve);
    const auto* user = found.users.empty() ? nullptr : tl::as<tl::User>(found.users.front());
    EXPECT_TRUE(user);
    return user ? *user : tl::User{};
  }

  tl::messages::sendMessage message_to(tl::Box<tl::TypeInputPeer> peer, std::string text) {
    tl::messages::sendMessage send;
    send.peer = std::move(peer);
    send.message = std::move(text);
    send.random_id = ++random_id;
    return send;
  }

  static tl::messages::getHistory history_of(tl::Box<tl::TypeInputPeer> peer) {
    tl::messages::getHistory history;
    history.peer = std::move(peer);
    history.limit = 100;
    return history;
  }

  static std::vector<std::string> texts(const std::vector<tl::Box<tl::TypeMessage>>& messages) {
    std::vector<std::string> texts;
    for (const auto& message : messages) {
      const auto* full = tl::as<tl::Message>(message);
      texts.push_back(full ? full->message : std::string("?"));
    }
    return texts;
  }

  Server server;
  Client anna, ben;
  std::int64_t random_id = 0;
};

INSTANTIATE_TEST_SUITE_P(Layers, Conversation, ::testing::Values(144, 152, 198, 223, 227, 228),
                         [](const auto& info) { return "Layer" + std::to_string(info.param); });

TEST_P(Conversation, ContactsAreImportedAndShownByTheViewersOwnName) {
  tl::InputPhoneContact ben_as_known;
  ben_as_known.client_id = 77;
  ben_as_known.phone = "+" + std::string(kBen);
  ben_as_known.first_name = "Benny";
  tl::InputPhoneContact nobody;
  nobody.client_id = 78;
  nobody.phone = "+9996630003";
  nobody.first_name = "Nobody";
  tl::contacts::importContacts import;
  import.contacts.push_back(ben_as_known);
  import.contacts.push_back(nobody);
  const auto imported = anna.ask<tl::contacts::ImportedContacts>(import);
  ASSERT_EQ(imported.imported.size(), 1u);
  EXPECT_EQ(tl::as<tl::ImportedContact>(imported.imported[0])->client_id, 77);
  EXPECT_EQ(tl::as<tl::ImportedContact>(imported.imported[0])->user_id, ben.me.id);
  ASSERT_EQ(imported.users.size(), 1u);
  const auto* user = tl::as<tl::User>(imported.users[0]);
  EXPECT_EQ(user->first_name, "Benny");
  EXPECT_TRUE(user->contact);
  EXPECT_FALSE(user->self);

  const auto contacts = anna.ask<tl::contacts::Contacts>(tl::contacts::getContacts{});
  ASSERT_EQ(contacts.contacts.size(), 1u);
  EXPECT_EQ(contacts.saved_count, 1);
}

TEST_P(Conversation, AStrangersNumberIsNotShown) {
  const tl::User seen = find(anna, kBen);
  EXPECT_EQ(seen.id, ben.me.id);
  EXPECT_FALSE(seen.phone);
  EXPECT_EQ(anna.me.phone, kAnna);
  EXPECT_NE(seen.access_hash, ben.me.access_hash) << "each viewer has a hash of their own";
}

TEST_P(Conversation, AMessageIsAnsweredAndPushedToTheOtherSide) {
  auto send = message_to(peer_of(find(anna, kBen)), "  hello, Ben  ");
  tl::MessageEntityBold bold;
  bold.offset = 2;
  bold.length = 5;
  send.entities.emplace().push_back(bold);
  const auto sent = anna.ask<tl::Updates>(send);
  ASSERT_EQ(sent.updates.size(), 2u);
  const auto* id = tl::as<tl::UpdateMessageID>(sent.updates[0]);
  const auto* fresh = tl::as<tl::UpdateNewMessage>(sent.updates[1]);
  ASSERT_TRUE(id && fresh);
  const auto* own = tl::as<tl::Message>(fresh->message);
  ASSERT_TRUE(own);
  EXPECT_EQ(id->random_id, send.random_id);
  EXPECT_EQ(id->id, own->id);
  EXPECT_EQ(own->message, "hello, Ben");
  EXPECT_TRUE(own->out);
  EXPECT_FALSE(own->saved_peer_id);
  EXPECT_EQ(fresh->pts_count, 1);
  ASSERT_TRUE(own->entities);
  EXPECT_EQ(tl::as<tl::MessageEntityBold>(own->entities->front())->offset, 0);
  EXPECT_TRUE(anna.updates().empty()) << "what the answer says is not pushed to who asked";

  const auto pushed = ben.updates();
  ASSERT_EQ(pushed.size(), 1u);
  const auto* incoming = tl::as<tl::UpdateNewMessage>(pushed[0]);
  ASSERT_TRUE(incoming);
  const auto* copy = tl::as<tl::Message>(incoming->message);
  EXPECT_EQ(copy->message, "hello, Ben");
  EXPECT_FALSE(copy->out);
  EXPECT_EQ(tl::as<tl::PeerUser>(copy->peer_id)->user_id, anna.me.id);
}

TEST_P(Conversation, OtherDevicesOfTheSenderGetTheMessageAsAnUpdate) {
  Client second(server, GetParam());
  second.enter(std::string(kAnna), "Anna");
  second.pushed();
  const auto sent = anna.ask<tl::Updates>(message_to(peer_of(find(anna, kBen)), "from the first"));
  const auto* id = tl::as<tl::UpdateMessageID>(sent.updates[0]);
  const auto pushed = second.updates();
  ASSERT_EQ(pushed.size(), 1u);
  const auto* update = tl::as<tl::UpdateNewMessage>(pushed[0]);
  ASSERT_TRUE(update);
  const auto* message = tl::as<tl::Message>(update->message);
  EXPECT_TRUE(message->out);
  EXPECT_EQ(message->id, id->id);
}

TEST_P(Conversation, ARepeatedRandomIdSendsNothingNew) {
  const auto send = message_to(peer_of(find(anna, kBen)), "once");
  const auto first = anna.ask<tl::Updates>(send);
  EXPECT_EQ(ben.updates().size(), 1u);
  const auto again = anna.ask<tl::Updates>(send);
  EXPECT_EQ(tl::as<tl::UpdateMessageID>(first.updates[0])->id, tl::as<tl::UpdateMessageID>(again.updates[0])->id);
  EXPECT_TRUE(ben.updates().empty());
  EXPECT_EQ(anna.ask<tl::messages::Messages>(history_of(peer_of(find(anna, kBen)))).messages.size(), 1u);
}

TEST_P(Conversation, AReplyPointsAtTheCopyOfEachSide) {
  anna.ask<tl::Updates>(message_to(tl::InputPeerSelf{}, "so that ids differ"));
  anna.ask<tl::Updates>(message_to(peer_of(find(anna, kBen)), "question"));
  const auto got = ben.updates();
  const auto question = tl::as<tl::Message>(tl::as<tl::UpdateNewMessage>(got.at(0))->message)->id;
  auto send = message_to(peer_of(find(ben, kAnna)), "answer");
  tl::InputReplyToMessage reply;
  reply.reply_to_msg_id = question;
  send.reply_to = reply;
  ben.ask<tl::Updates>(send);

  std::vector<tl::Box<tl::TypeUpdate>> updates = anna.updates();
  const tl::Message* answer = nullptr;
  for (const auto& update : updates) {
    if (const auto* fresh = tl::as<tl::UpdateNewMessage>(update)) answer = tl::as<tl::Message>(fresh->message);
  }
  ASSERT_TRUE(answer);
  const auto* header = tl::as<tl::MessageReplyHeader>(answer->reply_to);
  ASSERT_TRUE(header);
  const auto history = anna.ask<tl::messages::Messages>(history_of(peer_of(find(anna, kBen))));
  EXPECT_EQ(texts(history.messages), (std::vector<std::string>{"answer", "question"}));
  EXPECT_EQ(header->reply_to_msg_id, tl::as<tl::Message>(history.messages[1])->id);
  EXPECT_NE(header->reply_to_msg_id, question);
}

TEST_P(Conversation, ReadingTellsBothSides) {
  anna.ask<tl::Updates>(message_to(peer_of(find(anna, kBen)), "one"));
  anna.ask<tl::Updates>(message_to(peer_of(find(anna, kBen)), "two"));
  Client second(server, GetParam());
  second.enter(std::string(kBen), "Ben");
  second.pushed();
  ben.pushed();

  const auto dialogs = ben.ask<tl::messages::Dialogs>([] {
    tl::messages::getDialogs get;
    get.offset_peer = tl::InputPeerEmpty{};
    get.limit = 10;
    return get;
  }());
  ASSERT_EQ(dialogs.dialogs.size(), 1u);
  const auto* dialog = tl::as<tl::Dialog>(dialogs.dialogs[0]);
  EXPECT_EQ(dialog->unread_count, 2);
  EXPECT_EQ(texts(dialogs.messages), std::vector<std::string>{"two"});

  tl::messages::readHistory read;
  read.peer = peer_of(find(ben, kAnna));
  read.max_id = dialog->top_message;
  const auto affected = ben.ask<tl::messages::AffectedMessages>(read);
  EXPECT_EQ(affected.pts_count, 1);

  const auto own = second.updates();
  ASSERT_EQ(own.size(), 1u);
  const auto* inbox = tl::as<tl::UpdateReadHistoryInbox>(own[0]);
  ASSERT_TRUE(inbox);
  EXPECT_EQ(inbox->max_id, dialog->top_message);
  EXPECT_EQ(inbox->still_unread_count, 0);
  EXPECT_EQ(inbox->pts, affected.pts);

  const auto theirs = anna.updates();
  ASSERT_EQ(theirs.size(), 1u);
  EXPECT_TRUE(tl::as<tl::UpdateReadHistoryOutbox>(theirs[0]));
}

TEST_P(Conversation, SavedMessagesAreOnesOwnDialog) {
  const auto sent = anna.ask<tl::Updates>(message_to(tl::InputPeerSelf{}, "note"));
  const auto* message = tl::as<tl::Message>(tl::as<tl::UpdateNewMessage>(sent.updates.back())->message);
  ASSERT_TRUE(message);
  EXPECT_EQ(tl::as<tl::PeerUser>(message->peer_id)->user_id, anna.me.id);
  // The field is younger than some layers.
  if (GetParam() >= 177) {
    ASSERT_TRUE(message->saved_peer_id);
    EXPECT_EQ(tl::as<tl::PeerUser>(message->saved_peer_id)->user_id, anna.me.id);
  }
  EXPECT_EQ(texts(anna.ask<tl::messages::Messages>(history_of(tl::InputPeerSelf{})).messages),
            std::vector<std::string>{"note"});
}

TEST_P(Conversation, AMentionByNameNeedsTheRightAccessHash) {
  Client carl(server, GetParam());
  carl.enter("9996630003", "Carl");
  const tl::User carl_seen = find(anna, "9996630003");
  auto send = message_to(peer_of(find(anna, kBen)), "Carl and Carl");
  tl::InputMessageEntityMentionName right, wrong;
  right.length = wrong.length = 4;
  wrong.offset = 9;
  tl::InputUser user;
  user.user_id = carl_seen.id;
  user.access_hash = *carl_seen.access_hash;
  right.user_id = user;
  user.access_hash += 1;
  wrong.user_id = user;
  tl::MessageEntityMentionName bare;
  bare.offset = 5;
  bare.length = 3;
  bare.user_id = carl_seen.id;
  auto& entities = send.entities.emplace();
  entities.push_back(right);
  entities.push_back(wrong);
  entities.push_back(bare);
  anna.ask<tl::Updates>(send);

  // That the push carries Carl is checked by the client itself.
  const auto pushed = ben.updates();
  const auto* message = tl::as<tl::Message>(tl::as<tl::UpdateNewMessage>(pushed.at(0))->message);
  ASSERT_TRUE(message->entities);
  ASSERT_EQ(message->entities->size(), 1u);
  EXPECT_EQ(tl::as<tl::MessageEntityMentionName>(message->entities->front())->offset, 0);

  // And Ben may now name Carl by the message.
  tl::InputUserFromMessage named;
  named.peer = peer_of(find(ben, kAnna));
  named.msg_id = message->id;
  named.user_id = carl_seen.id;
  tl::users::getFullUser full;
  full.id = named;
  const auto answer = ben.ask<tl::users::UserFull>(full);
  EXPECT_EQ(tl::as<tl::UserFull>(answer.full_user)->id, carl_seen.id);
  named.user_id = 12345;
  full.id = named;
  EXPECT_EQ(ben.refusal(full), "USER_ID_INVALID");
}

TEST_P(Conversation, WhoWasAwayFetchesTheDifference) {
  const auto before = ben.ask<tl::updates::State>(tl::updates::getState{});
  const auto to_ben = peer_of(find(anna, kBen));
  for (const char* text : {"a", "b", "c"}) anna.ask<tl::Updates>(message_to(to_ben, text));
  server.world.settle();

  server.crash();
  tl::updates::getDifference get;
  get.pts = before.pts;
  get.date = before.date;
  const auto difference = ben.ask<tl::updates::Difference>(get);
  EXPECT_EQ(texts(difference.new_messages), (std::vector<std::string>{"a", "b", "c"}));
  const auto* state = tl::as<tl::updates::State>(difference.state);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->pts, before.pts + 3);
  EXPECT_EQ(state->unread_count, 3);

  get.pts = state->pts;
  ben.ask<tl::updates::DifferenceEmpty>(get);
  // The layer was kept with the key: after the crash nobody wrapped anything.
  anna.ask<tl::Updates>(message_to(to_ben, "d"));
}

TEST_P(Conversation, WhoKnowsMoreThanARestoredServerFetchesEverythingAnew) {
  const auto to_ben = peer_of(find(anna, kBen));
  anna.ask<tl::Updates>(message_to(to_ben, "a"));
  server.world.settle();
  const auto before = ben.ask<tl::updates::State>(tl::updates::getState{});
  const store::ModelDisk backup = server.world.disk();
  for (const char* text : {"b", "c"}) anna.ask<tl::Updates>(message_to(to_ben, text));
  server.world.settle();
  const auto newer = ben.ask<tl::updates::State>(tl::updates::getState{});

  server.restore(backup, 1 << 20);
  anna.ask<tl::Updates>(message_to(to_ben, "d"));
  server.world.settle();
  tl::updates::getDifference get;
  get.pts = newer.pts;
  get.date = newer.date;
  const auto anew = ben.ask<tl::updates::DifferenceTooLong>(get);
  EXPECT_EQ(anew.pts, before.pts + (1 << 20) + 1);
  EXPECT_EQ(ben.ask<tl::updates::State>(tl::updates::getState{}).pts, anew.pts);

  // Who knows less than the backup misses nothing of what there is.
  get.pts = before.pts;
  get.date = before.date;
  const auto difference = ben.ask<tl::updates::Difference>(get);
  EXPECT_EQ(texts(difference.new_messages), (std::vector<std::string>{"d"}));
  EXPECT_EQ(tl::as<tl::updates::State>(difference.state)->pts, anew.pts);
}

TEST_P(Conversation, DialogsArePagedWithoutRepeating) {
  std::vector<tl::User> others;
  for (int i = 0; i < 5; ++i) {
    Client other(server, GetParam());
    other.enter("999664000" + std::to_string(i), "Other");
    tl::User seen = find(anna, "999664000" + std::to_string(i));
    anna.ask<tl::Updates>(message_to(peer_of(seen), "hi " + std::to_string(i)));
    server.world.settle(milliseconds(1500));
    others.push_back(std::move(seen));
  }
  tl::messages::getDialogs get;
  get.offset_peer = tl::InputPeerEmpty{};
  get.limit = 2;
  std::vector<std::int64_t> seen;
  for (int page = 0; page < 4; ++page) {
    const auto slice = anna.ask<tl::messages::DialogsSlice>(get);
    EXPECT_EQ(slice.count, 5);
    if (slice.dialogs.empty()) break;
    for (const auto& dialog : slice.dialogs) {
      seen.push_back(tl::as<tl::PeerUser>(tl::as<tl::Dialog>(dialog)->peer)->user_id);
    }
    const auto* last = tl::as<tl::Message>(slice.messages.back());
    get.offset_date = last->date;
    get.offset_id = last->id;
    for (const auto& other : others) {
      if (other.id == seen.back()) get.offset_peer = peer_of(other);
    }
    // TDLib names the place in its list without an access hash.
    if (page == 1) tl::as<tl::InputPeerUser>(get.offset_peer)->access_hash = 0;
  }
  std::vector<std::int64_t> wanted;
  for (auto other = others.rbegin(); other != others.rend(); ++other) wanted.push_back(other->id);
  EXPECT_EQ(seen, wanted);

  get.folder_id = 1;
  EXPECT_TRUE(anna.ask<tl::messages::Dialogs>(get).dialogs.empty()) << "nothing is archived";
}

TEST_P(Conversation, HistoryIsPagedByIdAndByDate) {
  const auto to_ben = peer_of(find(anna, kBen));
  std::vector<std::int32_t> dates;
  for (int i = 0; i < 10; ++i) {
    dates.push_back(server.world.clock().unixtime());
    anna.ask<tl::Updates>(message_to(to_ben, std::to_string(i)));
    server.world.settle(milliseconds(2000));
  }
  auto get = history_of(to_ben);
  get.limit = 3;
  const auto newest = anna.ask<tl::messages::MessagesSlice>(get);
  EXPECT_EQ(newest.count, 10);
  EXPECT_EQ(texts(newest.messages), (std::vector<std::string>{"9", "8", "7"}));
  get.offset_id = tl::as<tl::Message>(newest.messages.back())->id;
  EXPECT_EQ(texts(anna.ask<tl::messages::MessagesSlice>(get).messages), (std::vector<std::string>{"6", "5", "4"}));
  get.add_offset = -2;
  EXPECT_EQ(texts(anna.ask<tl::messages::MessagesSlice>(get).messages), (std::vector<std::string>{"8", "7", "6"}));
  get.add_offset = 0;
  get.offset_id = 0;
  get.offset_date = dates[4];
  EXPECT_EQ(texts(anna.ask<tl::messages::MessagesSlice>(get).messages), (std::vector<std::string>{"3", "2", "1"}));
  get.offset_date = dates[0];
  EXPECT_TRUE(anna.ask<tl::messages::MessagesSlice>(get).messages.empty());
}

TEST_P(Conversation, ADialogWithoutMessagesCanBeOpened) {
  tl::InputDialogPeer peer;
  peer.peer = peer_of(find(anna, kBen));
  tl::messages::getPeerDialogs get;
  get.peers.push_back(peer);
  const auto answer = anna.ask<tl::messages::PeerDialogs>(get);
  ASSERT_EQ(answer.dialogs.size(), 1u);
  EXPECT_EQ(tl::as<tl::Dialog>(answer.dialogs[0])->top_message, 0);
}

TEST_P(Conversation, MessagesAreFoundByIdInTheOrderAskedFor) {
  const auto sent = anna.ask<tl::Updates>(message_to(tl::InputPeerSelf{}, "here"));
  const auto id = tl::as<tl::UpdateMessageID>(sent.updates[0])->id;
  tl::messages::getMessages get;
  for (const std::int32_t wanted : {id + 1000, id}) {
    tl::InputMessageID input;
    input.id = wanted;
    get.id.push_back(input);
  }
  const auto answer = anna.ask<tl::messages::Messages>(get);
  ASSERT_EQ(answer.messages.size(), 2u);
  EXPECT_TRUE(tl::as<tl::MessageEmpty>(answer.messages[0]));
  EXPECT_TRUE(tl::as<tl::Message>(answer.messages[1]));
}

}  // namespace
}  // namespace helio::api::testing
