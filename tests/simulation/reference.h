// tests/simulation/reference.h: what must be true, in plain maps, worked out from what people did.
//
// It knows who wanted to send and read what, and what the server told them. It knows nothing of boxes, batches and
// deliveries: only the rules that clients rely on. The order in which both sides' doings meet in an account is the
// server's choice; the reference takes it from the account's events and then computes everything else by itself.
#pragma once
#include <functional>
#include <set>

#include "facts.h"

namespace helio::simulation {

// A message as its author meant it. `random_id` is unique over all authors, and its text begins with it.
struct Intent {
  std::int64_t random_id = 0;
  std::int64_t author = 0;
  std::int64_t to = 0;
  std::string text;
  std::vector<std::tuple<std::uint32_t, std::int32_t, std::int32_t>> entities;
  std::optional<std::int64_t> reply_to;  // The random_id of the message it answers.
};

struct HistoryWindow {
  std::int32_t offset_id = 0, add_offset = 0, limit = 0, max_id = 0, min_id = 0;
};

class Reference {
 public:
  using Complain = std::function<void(std::string)>;
  explicit Reference(Complain complain) : complain_(std::move(complain)) {}

  void add_user(std::int64_t user) { accounts_[user].known.self = user; }
  void meant(const Intent& intent) { intents_[intent.random_id] = intent; }
  void sent(std::int64_t random_id, std::int32_t id);  // The server said so: the author's own id.
  void meant_to_read(std::int64_t user, std::int64_t peer, std::int32_t max_id);
  void read(std::int64_t user, std::int64_t peer, std::int32_t max_id);

  // All of an account's events, from the first one on. Every other answer is about the state after them.
  void learn(std::int64_t user, const std::vector<Event>& events);
  // After all accounts were learnt: nothing missing, nothing twice, both sides agree.
  void check();

  const Knowledge& knowledge(std::int64_t user) const { return accounts_.at(user).known; }
  std::int32_t unread(std::int64_t user) const;
  std::vector<Message> history(std::int64_t user, std::int64_t peer, HistoryWindow window) const;  // Newest first.
  std::vector<std::int64_t> dialogs(std::int64_t user) const;  // Peers, in the order of the list.
  static std::int64_t random_id_of(const Message& message);

 private:
  struct Account {
    Knowledge known;
    std::map<std::int64_t, std::int32_t> ids;               // Of each message here, by random_id.
    std::map<std::int64_t, std::set<std::int32_t>> wished;  // Marks that reading may have set, by peer.
    std::map<std::int64_t, std::int32_t> promised;          // What was acknowledged as read.
  };
  void learn_message(Account& account, const Event& event);
  void learn_read(Account& account, const Event& event);
  void expect(bool holds, const std::string& what) const;

  Complain complain_;
  std::map<std::int64_t, Intent> intents_;
  std::map<std::int64_t, std::int32_t> told_;  // Ids that authors were told, by random_id.
  std::map<std::int64_t, Account> accounts_;
};

}  // namespace helio::simulation
