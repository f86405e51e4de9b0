// store/memory/model_kv.h: the model engine: the contract of store/kv.h in memory, with every misfortune it allows.
//
// Everything above the store is tested on it. Delays are slept on the injected clock, faults are drawn from a seed: the
// same seed and the same calls give the same answers.
//
// Parts:   ModelDisk is what is stored. ModelKv is one process's way to it, with its own faults. Two of them on one
// disk
//          are two nodes; one that is destroyed, or crash()ed, is a dead process whose disk remains.
// Threads: one io_context, for all ModelKv of a disk.
#pragma once
#include <map>
#include <memory>

#include "base/clock.h"
#include "base/random.h"
#include "store/kv.h"

namespace helio::store {

struct ModelPartition {
  std::uint64_t version = 0;
  bool pending = false;
  std::map<Bytes, Bytes> rows;
};

// What survives a crash. Tests may look, and copy it to go back in time; only ModelKv writes.
struct ModelDisk {
  std::map<Bytes, ModelPartition> partitions;
  // Commits answered kUnknown that are applied "soon": at their instant, if the version still fits by then.
  std::multimap<Ticks, Batch> late;
  std::uint32_t lost_ids_max = 0;  // Kv::lost_ids_max().
};

// Puts `backup`, an earlier copy of `disk`, in its place, as restoring a backup does: what came after it is forgotten,
// `lost_ids` ids of each partition at most. No ModelKv of the disk is alive.
void restore(ModelDisk& disk, ModelDisk backup, std::uint32_t lost_ids);

// How often what goes wrong: probabilities from 0 to 1, for every call. All off unless told.
struct ModelFaults {
  milliseconds delay_max{0};  // Each call waits up to this before it takes effect, and again before it is answered.

  double conflict = 0;         // Another node writes first: the version moves on (of a partition that exists).
  double unavailable = 0;      // kUnavailable.
  double unknown_applied = 0;  // kUnknown, applied before the answer.
  double unknown_late = 0;     // kUnknown, applied after the answer, within late_max, if the version still fits.
  double unknown_never = 0;    // kUnknown, not applied.
  double read_down = 0;        // A read throws StoreDown.

  double lost = 0;  // The partition is out of reach for a while: kUnavailable, StoreDown.
  double slow = 0;  // The partition's calls take up to slow_max for a while.
  milliseconds late_max{2'000};
  milliseconds slow_max{5'000};      // Of one call.
  milliseconds trouble_max{30'000};  // How long a partition stays lost or slow.
};

class ModelKv final : public Kv {
 public:
  // `disk` and `clock` outlive the tasks that call, not only this object.
  ModelKv(ModelDisk& disk, Clock& clock, std::uint64_t seed, ModelFaults faults = {});
  ~ModelKv() override;  // As crash().

  Task<Commit> commit(Batch batch) override;
  Task<Values> get(Bytes partition, std::vector<Bytes> keys) override;
  Task<Page> scan(Bytes partition, Scan scan) override;
  Task<std::vector<Bytes>> pending(std::uint32_t bucket) override;
  std::uint32_t lost_ids_max() const override;

  // From now on; also ends the trouble of every partition: "heal, then all must converge".
  void set_faults(ModelFaults faults);
  // The process dies: calls in flight, and later ones, change nothing and end as if cancelled (operation_aborted).
  // What has taken effect stays on the disk, whether it was answered or not.
  void crash();

  struct Counts {
    std::uint64_t committed = 0, conflicts = 0, unavailable = 0, unknown = 0, reads = 0, reads_failed = 0;
  };
  const Counts& counts() const;  // What the faults really did: a test that hits none proves nothing.

 private:
  struct Process;
  // Calls in flight keep it alive.
  std::shared_ptr<Process> process_;
};

}  // namespace helio::store
