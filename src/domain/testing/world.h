// domain/testing/world.h: a domain in a glass: model store, virtual time, seeded chance, codes that can be read.
//
// For tests of this room and above. Include from *_test.cpp and tests/ only.
#pragma once
#include <map>
#include <string>

#include "base/cores.h"
#include "base/random.h"
#include "base/virtual_clock.h"
#include "domain/domain.h"
#include "domain/testing/recording_kv.h"
#include "store/memory/model_kv.h"
#include "tl/types/records/Created.h"
#include "tl/types/records/box/create.h"

namespace helio::domain::testing {

// Keeps the last code of every number.
class RememberedCodes final : public CodeSender {
 public:
  Task<> send(Secret<std::string> digits, Secret<std::string> code, std::int32_t) override {
    last[digits.reveal()] = code.reveal();
    co_return;
  }
  std::map<std::string, std::string> last;
};

class World {
 public:
  explicit World(std::uint64_t seed = 1, DomainSettings settings = open_settings())
      : clock_(cores_.context(0)), random_(seed), settings_(std::move(settings)) {
    start();
  }
  ~World() { crash(); }

  static DomainSettings open_settings() {
    DomainSettings settings;
    settings.auth.registration_open = true;
    settings.auth.test_numbers = true;
    return settings;
  }

  Domain& domain() { return *domain_; }
  store::ModelDisk& disk() { return disk_; }
  store::ModelKv& model() { return *model_; }  // For its faults.
  RecordingKv& kv() { return *kv_; }
  Cores& cores() { return cores_; }
  VirtualClock& clock() { return clock_; }
  Random& random() { return random_; }
  RememberedCodes& codes() { return codes_; }

  // Runs a task to its end and returns what it returned.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    clock_.run(keep(std::move(task), result));
    return *std::move(result);
  }
  void run(Task<> task) { clock_.run(std::move(task)); }
  // Lets everything happen that is on its way: deliveries, feeds.
  void settle(milliseconds duration = milliseconds(100)) { clock_.run_for(duration); }

  // The process dies: what is on the disk remains.
  void crash() {
    if (!domain_) return;
    model_->crash();
    clock_.run(domain_->boxes.stop());
    domain_.reset();
  }
  // A new process on the same disk.
  void start(store::ModelFaults faults = {}) {
    model_ = std::make_unique<store::ModelKv>(disk_, clock_, random_.u64(), faults);
    kv_ = std::make_unique<RecordingKv>(*model_);
    DomainNeeds needs{.cores = cores_,
                      .kv = *kv_,
                      .clock = clock_,
                      .random = [this]() -> Random& { return random_; },
                      .code_sender = codes_,
                      .secret = Secret<Bytes>(Bytes(32, 's'))};
    domain_ = std::make_unique<Domain>(std::move(needs), settings_);
    clock_.run(domain_->boxes.resume());
  }

  // A backup, an earlier copy of disk(), is restored, and a new process starts on it.
  void restore(store::ModelDisk backup, std::uint32_t lost_ids) {
    crash();
    store::restore(disk_, std::move(backup), lost_ids);
    start();
  }

  // A user of the given name, made without the ceremony of signing up.
  UserId make_user(std::string first_name) {
    tl::record::Profile profile;
    profile.user_id = 2'000'000'000 + ++users_made_;
    profile.phone = "1555" + std::to_string(1'000'000 + users_made_);
    profile.first_name = std::move(first_name);
    profile.created = clock_.unixtime();
    const UserId user{profile.user_id};
    tl::box::create command;
    command.profile = std::move(profile);
    const auto created = run(domain_->boxes.run(user, std::move(command)));
    ASSERT(created.has_value());
    return user;
  }

 private:
  template <class T>
  static Task<> keep(Task<T> task, std::optional<T>& result) {
    result.emplace(co_await std::move(task));
  }

  Cores cores_{1};
  VirtualClock clock_;
  SeededRandom random_;
  DomainSettings settings_;
  store::ModelDisk disk_;
  RememberedCodes codes_;
  std::unique_ptr<store::ModelKv> model_;
  std::unique_ptr<RecordingKv> kv_;
  std::unique_ptr<Domain> domain_;
  std::int64_t users_made_ = 0;
};

}  // namespace helio::domain::testing
