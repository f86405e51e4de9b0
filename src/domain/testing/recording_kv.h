// domain/testing/recording_kv.h: a store that remembers every batch it was asked to commit.
#pragma once
#include "store/kv.h"

namespace helio::domain::testing {

class RecordingKv final : public store::Kv {
 public:
  explicit RecordingKv(store::Kv& kv) : kv_(kv) {}

  Task<store::Commit> commit(store::Batch batch) override {
    if (recording) batches.push_back(batch);
    return kv_.commit(std::move(batch));
  }
  Task<store::Values> get(Bytes partition, std::vector<Bytes> keys) override {
    ++reads;
    return kv_.get(std::move(partition), std::move(keys));
  }
  Task<store::Page> scan(Bytes partition, store::Scan scan) override {
    ++reads;
    return kv_.scan(std::move(partition), std::move(scan));
  }
  Task<std::vector<Bytes>> pending(std::uint32_t bucket) override { return kv_.pending(bucket); }
  std::uint32_t lost_ids_max() const override { return kv_.lost_ids_max(); }

  bool recording = false;
  std::vector<store::Batch> batches;
  int reads = 0;

 private:
  store::Kv& kv_;
};

}  // namespace helio::domain::testing
