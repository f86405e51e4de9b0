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

  // The store is taken aside; later it is put back, and what came in between never was. Boxes may have given up to
  // `lost_ids` numbers since.
  void taken_aside();
  std::uint64_t put_back(std::int32_t lost_ids);  // How many acknowledged messages are forgotten.
  // What somebody was told of a number. Whatever is forgotten later: no number ever means something else.
  void saw(std::int64_t user, const Event& event);

  // All of an account's events, from the first one on, up to `pts`. Every other answer is about the state after them.
  void learn(std::int64_t user, const std::vector<Event>& events, std::int32_t pts);
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
  };
  void means(std::int64_t user, std::int32_t pts, const std::string& what);
  void learn_message(Account& account, const Event& event);
  void learn_read(Account& account, const Event& event);
  void expect(bool holds, const std::string& what) const;

  // What the server promised: it must keep it, unless the store went back to before that.
  struct Promises {
    std::map<std::int64_t, std::int32_t> told;                          // Ids that authors know, by random_id.
    std::map<std::int64_t, std::map<std::int64_t, std::int32_t>> read;  // Marks, by user and peer.
  };

  Complain complain_;
  std::map<std::int64_t, Intent> intents_;
  Promises promises_, aside_;
  std::map<std::int64_t, Account> accounts_;
  std::map<std::pair<std::int64_t, std::int32_t>, std::string> meaning_;  // Of each number, by user.
  std::int32_t lost_ids_ = 0;                                             // Numbers that every account has skipped.
};

}  // namespace helio::simulation
