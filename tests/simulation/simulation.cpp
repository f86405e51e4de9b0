#include "simulation.h"

#include <algorithm>
#include <list>

#include "base/cores.h"
#include "base/random.h"
#include "base/virtual_clock.h"
#include "device.h"
#include "reference.h"
#include "store/memory/model_kv.h"
#include "tl/errors.h"
#include "tl/types/api/MessageEntity.h"
#include "tl/types/records/Created.h"
#include "tl/types/records/box/create.h"

namespace helio::simulation {

namespace {

constexpr int kPhases = 3;
constexpr int kStepsPerPhase = 45;
constexpr seconds kHealed{60};  // Within it, all must agree.
constexpr milliseconds kRetry{250};
constexpr std::size_t kComplaintsMax = 20;

class NoCodes final : public domain::CodeSender {
  Task<> send(Secret<std::string>, Secret<std::string>, std::int32_t) override { co_return; }
};

// FNV-1a over words.
class Trace {
 public:
  void add(std::uint64_t word) {
    for (int i = 0; i < 64; i += 8) hash_ = (hash_ ^ ((word >> i) & 0xff)) * 0x100000001b3;
  }
  void add(std::int64_t word) { add(static_cast<std::uint64_t>(word)); }
  void add(int word) { add(static_cast<std::uint64_t>(static_cast<std::int64_t>(word))); }
  void add(const std::string& text) {
    for (const char c : text) add(static_cast<int>(c));
  }
  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

// A request that the device repeats until it is answered.
struct Send {
  Intent intent;
};
struct Read {
  std::int64_t peer;
  std::int32_t max_id;
};

struct Person {
  domain::UserId user;
  std::vector<std::unique_ptr<Device>> devices;
};

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed)
      : random_(seed), clock_(cores_.context(0)), reference_([this](std::string what) { complain(std::move(what)); }) {}

  Outcome run() {
    clock_.run(live());
    outcome_.trace = trace_.value();
    return std::move(outcome_);
  }

 private:
  // ---- Chance ----
  int below(int bound) { return static_cast<int>(random_.below(static_cast<std::uint64_t>(bound))); }
  bool chance(double probability) { return static_cast<double>(random_.below(1'000'000)) < probability * 1'000'000; }
  template <class T>
  T& any(std::vector<T>& from) {
    return from[random_.below(from.size())];
  }

  void complain(std::string what) {
    if (outcome_.complaints.size() < kComplaintsMax) outcome_.complaints.push_back(std::move(what));
  }
  void expect(bool holds, const std::string& what) {
    if (!holds) complain(what);
  }

  // ---- The server ----

  // Each seed has some kinds of trouble and lacks others: always everything hides what one alone would show.
  store::ModelFaults draw_faults() {
    const auto maybe = [this](double probability) { return chance(0.5) ? probability : 0; };
    store::ModelFaults faults;
    faults.delay_max = milliseconds(chance(0.8) ? below(30) : 0);
    faults.conflict = maybe(0.05);
    faults.unavailable = maybe(0.05);
    faults.unknown_applied = maybe(0.05);
    faults.unknown_late = maybe(0.03);
    faults.unknown_never = maybe(0.03);
    faults.read_down = maybe(0.03);
    faults.lost = maybe(0.003);
    faults.slow = maybe(0.003);
    faults.trouble_max = milliseconds(10'000);
    return faults;
  }

  void start(store::ModelFaults faults) {
    kv_ = std::make_unique<store::ModelKv>(disk_, clock_, random_.u64(), faults);
    domain::DomainNeeds needs{.cores = cores_,
                              .kv = *kv_,
                              .clock = clock_,
                              .random = [this]() -> Random& { return random_; },
                              .code_sender = codes_,
                              .secret = Secret<Bytes>(Bytes(32, 's'))};
    domain::DomainSettings settings;
    settings.boxes.boxes_per_core = boxes_kept_;
    domain_ = std::make_unique<domain::Domain>(std::move(needs), settings);
    background_->spawn(domain_->boxes.resume());
  }

  // The process dies at whatever it is doing; devices notice that their connection is gone.
  Task<> crash() {
    ++outcome_.reached.crashes;
    kv_->crash();
    count_misfortunes();
    was_online_.clear();
    for (Person& person : people_) {
      for (auto& device : person.devices) {
        was_online_.push_back(device->online());
        if (device->online()) co_await device->disconnect();
      }
    }
    background_->cancel();
    co_await background_->join();
    co_await domain_->boxes.stop();
    domain_.reset();
    kv_.reset();
  }

  Task<> crash_and_restart(store::ModelFaults faults) {
    co_await crash();
    co_await clock_.sleep(milliseconds(below(2'000)));
    start(faults);
    reconnect();
  }

  // A backup is made; or the last one is restored, and everything since then is forgotten, by the server alone.
  Task<> take_aside_or_put_back(store::ModelFaults faults) {
    if (!aside_ || chance(0.4)) {
      aside_ = disk_;
      reference_.taken_aside();
      co_return;
    }
    co_await crash();
    ++outcome_.reached.restores;
    // The same backup may be restored more than once.
    const std::uint32_t forgotten_before = disk_.lost_ids_max - aside_->lost_ids_max;
    store::restore(disk_, *aside_, forgotten_before + lost_ids_);
    outcome_.reached.forgotten += reference_.put_back(static_cast<std::int32_t>(lost_ids_));
    trace_.add(std::int64_t{disk_.lost_ids_max});
    start(faults);
    reconnect();
  }

  void reconnect() {
    std::size_t next = 0;
    for (Person& person : people_) {
      for (auto& device : person.devices) {
        if (was_online_[next++]) connect(*device);
      }
    }
  }

  void count_misfortunes() {
    const auto& counts = kv_->counts();
    outcome_.reached.conflicts += counts.conflicts;
    outcome_.reached.unavailable += counts.unavailable;
    outcome_.reached.unknown += counts.unknown;
    outcome_.reached.reads_failed += counts.reads_failed;
  }

  // ---- The devices ----

  void connect(Device& device) {
    device.connect(*domain_);
    // A request may be answered, and leave its list, before the next one is repeated.
    for (auto& sends = sends_of_[&device]; auto* send : addresses(sends)) device.tasks().spawn(perform(device, *send));
    for (auto& reads = reads_of_[&device]; auto* read : addresses(reads)) device.tasks().spawn(perform(device, *read));
  }

  template <class T>
  static std::vector<T*> addresses(std::list<T>& from) {
    std::vector<T*> pointers;
    for (T& item : from) pointers.push_back(&item);
    return pointers;
  }

  // References into lists: they stay where they are until the request is answered.
  Task<> perform(Device& device, Send& send) {
    for (;;) {
      const std::optional<std::int64_t> original = send.intent.reply_to;
      if (original && !id_on(device, send.intent.to, *original)) {
        expect(outcome_.reached.restores > 0, "a device forgot a message by itself");
        break;  // What it answers is gone, and the device knows by now.
      }
      const auto sent = co_await try_send(device, send.intent);
      if (sent) {
        const auto& message = *tl::as<tl::record::Message>(sent->message);
        reference_.sent(send.intent.random_id, message.id);
        trace_.add(std::int64_t{message.id});
        outcome_.reached.repeats += sent->repeated;
        if (sent->read) {
          device.told(event_of({.pts = message.id - 1, .event = sent->read, .message = {}}));
        }
        tl::record::EventMessage event;
        event.pts = message.id;
        event.peer = message.peer;
        device.told(event_of({.pts = message.id, .event = event, .message = message}));
        break;
      }
      ++outcome_.reached.refused;
      co_await clock_.sleep(kRetry);
    }
    std::erase_if(sends_of_[&device], [&](const Send& other) { return &other == &send; });
  }

  Task<std::optional<tl::record::Sent>> try_send(Device& device, Intent intent) {
    domain::Draft draft;
    draft.to = domain::UserId{intent.to};
    draft.random_id = intent.random_id;
    draft.text.text = intent.text;
    for (const auto& [kind, offset, length] : intent.entities) {
      tl::Box<tl::TypeMessageEntity> entity;
      if (kind == tl::MessageEntityBold::kId) {
        tl::MessageEntityBold bold;
        bold.offset = offset;
        bold.length = length;
        entity = bold;
      } else {
        tl::MessageEntityCode code;
        code.offset = offset;
        code.length = length;
        entity = code;
      }
      draft.text.entities.push_back(std::move(entity));
    }
    if (intent.reply_to) draft.reply_to = id_on(device, intent.to, *intent.reply_to);
    try {
      auto sent = co_await domain_->messages.send(device.user(), std::move(draft), device.origin());
      if (sent) co_return *std::move(sent);
      const bool answers_what_is_forgotten =
          outcome_.reached.restores > 0 && sent.error() == error::REPLY_MESSAGE_ID_INVALID;
      expect(sent.error().code == 500 || sent.error().code == 420 || answers_what_is_forgotten,
             "sending was refused: " + std::string(sent.error().name));
    } catch (const store::StoreDown&) {
    }
    co_return std::nullopt;
  }

  Task<> perform(Device& device, Read& read) {
    const domain::PeerId peer = domain::PeerId::of(read.peer);
    for (;;) {
      const auto affected = co_await domain_->messages.read_history(device.user(), peer, read.max_id, device.origin());
      if (affected) {
        reference_.read(device.user().value, read.peer, read.max_id);
        trace_.add(std::int64_t{affected->pts});
        device.told_pts(affected->pts);
        break;
      }
      ++outcome_.reached.refused;
      co_await clock_.sleep(kRetry);
    }
    std::erase_if(reads_of_[&device], [&](const Read& other) { return &other == &read; });
  }

  // The device's own number of a message that it has seen.
  static std::optional<std::int32_t> id_on(const Device& device, std::int64_t peer, std::int64_t random_id) {
    const auto dialog = device.knowledge().dialogs.find(peer);
    if (dialog == device.knowledge().dialogs.end()) return std::nullopt;
    for (const auto& [id, message] : dialog->second.messages) {
      if (Reference::random_id_of(message) == random_id) return id;
    }
    return std::nullopt;
  }

  // ---- What people do ----

  void send_something(Person& person, Device& device) {
    Intent intent;
    intent.random_id = ++last_random_id_;
    intent.author = person.user.value;
    intent.to = chance(0.15) ? person.user.value : any(people_).user.value;
    intent.text = std::to_string(intent.random_id) + " from " + std::to_string(intent.author);
    const auto length = static_cast<std::int32_t>(intent.text.size());
    for (int i = below(3); i > 0; --i) {
      const std::int32_t offset = below(length);
      intent.entities.emplace_back(chance(0.5) ? tl::MessageEntityBold::kId : tl::MessageEntityCode::kId, offset,
                                   1 + below(length - offset));
    }
    const auto dialog = device.knowledge().dialogs.find(intent.to);
    if (dialog != device.knowledge().dialogs.end() && !dialog->second.messages.empty() && chance(0.3)) {
      auto original = dialog->second.messages.begin();
      std::advance(original, below(static_cast<int>(dialog->second.messages.size())));
      intent.reply_to = Reference::random_id_of(original->second);
      ++outcome_.reached.replies;
    }
    ++outcome_.reached.messages;
    reference_.meant(intent);
    meant_.push_back(intent);
    ask(device, Send{std::move(intent)});
  }

  // A client that lost an answer, or the other device of the account with the same queue.
  void repeat_something(Person& person, Device& device) {
    std::vector<Intent> own;
    std::ranges::copy_if(meant_, std::back_inserter(own),
                         [&](const Intent& intent) { return intent.author == person.user.value; });
    if (own.empty()) return;
    const Intent& again = any(own);
    if (again.reply_to && !id_on(device, again.to, *again.reply_to)) return;
    ask(device, Send{again});
  }

  void read_something(Person& person, Device& device) {
    const std::int64_t peer = any(people_).user.value;
    const auto dialog = device.knowledge().dialogs.find(peer);
    if (peer == person.user.value || dialog == device.knowledge().dialogs.end() || dialog->second.messages.empty())
      return;
    auto seen = dialog->second.messages.begin();
    std::advance(seen, below(static_cast<int>(dialog->second.messages.size())));
    const std::int32_t max_id = chance(0.4) ? dialog->second.messages.rbegin()->first : seen->first;
    ++outcome_.reached.reads;
    ask(device, Read{peer, max_id});
  }

  void ask(Device& device, Send send) {
    sends_of_[&device].push_back(std::move(send));
    device.tasks().spawn(perform(device, sends_of_[&device].back()));
  }
  void ask(Device& device, Read read) {
    reads_of_[&device].push_back(read);
    device.tasks().spawn(perform(device, reads_of_[&device].back()));
  }

  Task<> step(store::ModelFaults faults) {
    Person& person = any(people_);
    Device& device = *any(person.devices);
    trace_.add(static_cast<std::int64_t>(clock_.ticks().time_since_epoch().count()));
    if (chance(0.03)) {
      co_await crash_and_restart(faults);
    } else if (restores_ && chance(0.04)) {
      co_await take_aside_or_put_back(faults);
    } else if (!device.online()) {
      if (chance(0.3)) connect(device);
    } else if (chance(0.05)) {
      co_await device.disconnect();
    } else if (chance(0.6)) {
      for (int burst = chance(0.2) ? 5 : 1; burst > 0; --burst) send_something(person, device);
    } else if (chance(0.2)) {
      repeat_something(person, device);
    } else if (chance(0.6)) {
      read_something(person, device);
    } else {
      look_around(person, device);
    }
    if (chance(0.7)) co_await clock_.sleep(milliseconds(below(400)));
  }

  // In the middle of it all: answers need not be the newest, but they must make sense.
  void look_around(Person& person, Device& device) { device.tasks().spawn(look_back(person, device)); }

  Task<> look_back(Person& person, Device& device) {
    const domain::PeerId peer = any(people_).user;
    domain::HistoryQuery query;
    query.limit = 1 + below(10);
    query.add_offset = below(7) - 3;
    const auto dialog = device.knowledge().dialogs.find(peer.number());
    if (dialog != device.knowledge().dialogs.end() && !dialog->second.messages.empty()) {
      query.offset_id = dialog->second.messages.begin()->first + below(50);
    }
    try {
      const auto history = co_await domain_->messages.history(person.user, peer, query);
      expect(std::ssize(history.messages) <= query.limit, "history: more than was asked for");
      expect(history.count >= std::ssize(history.messages), "history: count is too small");
      for (std::size_t i = 1; i < history.messages.size(); ++i) {
        expect(history.messages[i].id < history.messages[i - 1].id, "history: not newest first");
      }
    } catch (const store::StoreDown&) {
    }
  }

  // ---- Quiet points ----

  bool all_quiet() {
    for (Person& person : people_) {
      for (auto& device : person.devices) {
        if (!sends_of_[device.get()].empty() || !reads_of_[device.get()].empty()) return false;
      }
      const auto found = disk_.partitions.find(domain::user_partition(person.user));
      if (found == disk_.partitions.end() || found->second.pending) return false;
    }
    return background_->size() == 0;
  }

  bool all_devices_at(std::map<std::int64_t, std::int32_t> pts) {
    return std::ranges::all_of(people_, [&](Person& person) {
      return std::ranges::all_of(person.devices,
                                 [&](auto& device) { return device->knowledge().pts == pts[person.user.value]; });
    });
  }

  Task<> heal_and_check(int phase) {
    kv_->set_faults({});
    for (Person& person : people_) {
      for (auto& device : person.devices) {
        if (!device->online()) connect(*device);
      }
    }
    const Ticks deadline = clock_.ticks() + kHealed;
    std::map<std::int64_t, std::int32_t> pts;
    do {
      co_await clock_.sleep(milliseconds(500));
      for (Person& person : people_) pts[person.user.value] = (co_await domain_->updates.state(person.user)).pts;
    } while ((!all_quiet() || !all_devices_at(pts)) && clock_.ticks() < deadline);
    const std::string when = "phase " + std::to_string(phase) + ": ";
    expect(all_quiet(), when + "something is still under way a minute after all was well");
    expect(all_devices_at(pts), when + "a device is behind a minute after all was well");
    if (!all_quiet()) co_return;

    for (Person& person : people_) {
      const std::vector<Event> log = co_await whole_log(person);
      reference_.learn(person.user.value, log, pts[person.user.value]);
    }
    reference_.check();
    if (!outcome_.complaints.empty()) co_return;  // What follows relies on it.
    for (Person& person : people_) {
      const Knowledge& truth = reference_.knowledge(person.user.value);
      for (auto& device : person.devices) {
        expect(device->knowledge() == truth, when + "a device knows other things than the account");
      }
      co_await check_answers(person, truth, when);
      co_await check_differences(person, truth, when);
      trace_.add(std::int64_t{truth.pts});
      for (const auto& [peer, dialog] : truth.dialogs) {
        for (const auto& [id, message] : dialog.messages) trace_.add(message.text);
      }
    }
  }

  Task<std::vector<Event>> whole_log(Person& person) {
    std::vector<Event> events;
    for (std::int32_t pts = 1;;) {
      const auto difference = co_await domain_->updates.difference(person.user, pts);
      expect(difference->kind != domain::Difference::Kind::kTooLong, "the log cannot be read from its beginning");
      for (const auto& logged : difference->events) events.push_back(event_of(logged));
      if (difference->kind != domain::Difference::Kind::kSlice) break;
      pts = difference->state.pts;
    }
    co_return events;
  }

  Task<> check_answers(Person& person, Knowledge truth, std::string when) {
    const std::int64_t self = person.user.value;
    const domain::State state = co_await domain_->updates.state(person.user);
    expect(state.pts == truth.pts, when + "state.pts");
    expect(state.unread == reference_.unread(self), when + "state.unread");

    // Pages of one dialog each give the list once, in order.
    std::vector<std::int64_t> listed;
    domain::DialogsQuery query;
    query.limit = 1;
    for (;;) {
      const auto page = co_await domain_->dialogs.list(person.user, query);
      if (page.dialogs.empty()) break;
      const auto& dialog = page.dialogs.back();
      listed.push_back(dialog.peer);
      const auto& known = truth.dialogs.at(dialog.peer);
      const std::string where = when + "dialog " + std::to_string(dialog.peer) + " of " + std::to_string(self) + ": ";
      expect(dialog.top == known.messages.rbegin()->first, where + "top");
      expect(dialog.unread == known.unread, where + "unread");
      expect(dialog.read_inbox == known.read_inbox && dialog.read_outbox == known.read_outbox, where + "read marks");
      expect(dialog.count == std::ssize(known.messages), where + "count");
      expect(page.tops.size() == 1 && message_of(page.tops[0]) == known.messages.rbegin()->second,
             where + "top message");
      query.offset_date = dialog.date;
      query.offset_id = dialog.top;
      query.offset_peer = domain::PeerId::of(dialog.peer);
    }
    expect(listed == reference_.dialogs(self), when + "the list of dialogs of " + std::to_string(self));

    for (int i = 0; i < 10; ++i) {
      const domain::PeerId peer = any(people_).user;
      const HistoryWindow window{.offset_id = chance(0.3) ? 0 : some_id(truth, peer),
                                 .add_offset = below(30) - 15,
                                 .limit = 1 + below(100),
                                 .max_id = chance(0.7) ? 0 : some_id(truth, peer),
                                 .min_id = chance(0.7) ? 0 : some_id(truth, peer)};
      const domain::HistoryQuery history_query{.offset_id = window.offset_id,
                                               .add_offset = window.add_offset,
                                               .limit = window.limit,
                                               .max_id = window.max_id,
                                               .min_id = window.min_id};
      const auto history = co_await domain_->messages.history(person.user, peer, history_query);
      std::vector<Message> shown;
      for (const auto& message : history.messages) shown.push_back(message_of(message));
      expect(shown == reference_.history(self, peer.number(), window), when + "history");
      const auto dialog = truth.dialogs.find(peer.number());
      const auto count = dialog == truth.dialogs.end() ? 0 : std::ssize(dialog->second.messages);
      expect(history.count == count, when + "history: count");
    }
  }

  // One that is, was, or could be there.
  std::int32_t some_id(const Knowledge& truth, domain::PeerId peer) {
    const auto dialog = truth.dialogs.find(peer.number());
    if (chance(0.3) || dialog == truth.dialogs.end() || dialog->second.messages.empty()) return below(truth.pts + 5);
    auto message = dialog->second.messages.begin();
    std::advance(message, below(static_cast<int>(dialog->second.messages.size())));
    return std::max(0, message->first + below(7) - 3);
  }

  Task<> check_differences(Person& person, Knowledge truth, std::string when) {
    const std::vector<Event> log = co_await whole_log(person);
    // A device that was away since any point in time.
    Knowledge late{.self = person.user.value, .pts = 1, .dialogs = {}};
    for (int known = below(static_cast<int>(log.size()) + 1); known > 0; --known) {
      late.apply(*std::find_if(log.begin(), log.end(), [&](const Event& event) { return event.pts > late.pts; }));
    }
    for (;;) {
      const auto difference = co_await domain_->updates.difference(person.user, late.pts);
      expect(difference->kind != domain::Difference::Kind::kTooLong, when + "a device that knows nothing else is lost");
      for (const auto& logged : difference->events) late.apply(event_of(logged));
      late.pts = difference->state.pts;
      if (difference->kind != domain::Difference::Kind::kSlice) break;
    }
    expect(late == truth, when + "the difference from an older pts leads elsewhere");

    // One that knows what is forgotten must be told so, wherever it stopped.
    for (int i = 0; i < 10; ++i) {
      const std::int32_t pts = 1 + below(truth.pts + 100);
      const auto after = std::find_if(log.begin(), log.end(), [&](const Event& event) { return event.pts > pts; });
      const std::int32_t before = after == log.begin() ? 1 : std::prev(after)->pts;
      const std::int32_t end = after == log.end() ? truth.pts : after->pts - 1;
      // What a restore jumps to is a number that devices know, though nothing happened there.
      if (pts <= end && (pts - before) % static_cast<std::int32_t>(lost_ids_) == 0) continue;
      const auto difference = co_await domain_->updates.difference(person.user, pts);
      expect(difference->kind == domain::Difference::Kind::kTooLong, when + "pts " + std::to_string(pts) + " is known");
    }
  }

  // ---- A life ----

  Task<> live() {
    background_.emplace(cores_.executor(0));
    boxes_kept_ = chance(0.5) ? 1 : 100;  // Few: boxes come and go all the time.
    restores_ = chance(0.5);
    lost_ids_ = chance(0.5) ? 2'000 : 1 << 20;  // The former is more than anybody does in a simulated life.
    start({});
    for (int i = 0; i < 2; ++i) {
      Person& person = people_.emplace_back();
      person.user = domain::UserId{1'000'000'001 + i};
      co_await create(person.user);
      reference_.add_user(person.user.value);
      for (int device = 0; device < 2; ++device) {
        const domain::Origin origin{.device = 10 * i + device + 1, .session = 1};
        person.devices.push_back(std::make_unique<Device>(
            cores_.executor(0), clock_, person.user, origin, device_counts_,
            [this](domain::UserId user, const Event& event) { reference_.saw(user.value, event); }));
      }
    }
    for (Person& person : people_) {
      for (auto& device : person.devices) connect(*device);
    }
    for (int phase = 0; phase < kPhases && outcome_.complaints.empty(); ++phase) {
      const store::ModelFaults faults = draw_faults();
      kv_->set_faults(faults);
      for (int i = 0; i < kStepsPerPhase; ++i) co_await step(faults);
      co_await heal_and_check(phase);
    }
    co_await crash();
    outcome_.reached.crashes -= 1;  // That was the end of the story.
    outcome_.reached.too_long = device_counts_.too_long;
    outcome_.reached.gaps = device_counts_.gaps;
    outcome_.reached.reloads = device_counts_.reloads;
  }

  Task<> create(domain::UserId user) {
    tl::record::Profile profile;
    profile.user_id = user.value;
    profile.phone = std::to_string(user.value);
    profile.first_name = "Someone";
    tl::box::create command;
    command.profile = std::move(profile);
    const auto created = co_await domain_->boxes.run(user, std::move(command));
    ASSERT(created.has_value());
  }

  SeededRandom random_;
  Cores cores_{1};
  VirtualClock clock_;
  store::ModelDisk disk_;
  std::optional<store::ModelDisk> aside_;  // The last backup.
  bool restores_ = false;
  std::uint32_t lost_ids_ = 0;  // By one restore.
  NoCodes codes_;
  std::unique_ptr<store::ModelKv> kv_;
  std::unique_ptr<domain::Domain> domain_;
  std::optional<TaskGroup> background_;
  std::size_t boxes_kept_ = 100;

  Reference reference_;
  std::vector<Person> people_;
  Device::Counts device_counts_;
  std::map<const Device*, std::list<Send>> sends_of_;
  std::map<const Device*, std::list<Read>> reads_of_;
  std::vector<Intent> meant_;
  std::vector<bool> was_online_;
  std::int64_t last_random_id_ = 0;
  Trace trace_;
  Outcome outcome_;
};

}  // namespace

Outcome simulate(std::uint64_t seed) {
  return Simulation(seed).run();
}

}  // namespace helio::simulation
