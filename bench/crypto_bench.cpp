// What a message costs in cryptography, on one core. Every figure is the median of several rounds; ratios compare with
// OpenSSL's deprecated AES_ige_encrypt, key set-up included on both sides, in the same run.
//
//   build/release/bin/crypto_bench
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <vector>

#include "base/random.h"
#include "crypto/aes_ctr.h"
#include "crypto/aes_ige_deprecated.h"
#include "crypto/dh.h"
#include "crypto/exchange_data.h"
#include "crypto/hmac.h"
#include "crypto/message.h"
#include "crypto/mtproto_keys.h"
#include "crypto/pq.h"
#include "crypto/rsa_padding.h"
#include "crypto/srp.h"

using namespace helio;
using namespace helio::crypto;

namespace {

// Nanoseconds of this thread's processor time for one call: the median of nine rounds of 20 ms each.
template <class F>
double nanoseconds(F call) {
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
  };
  const auto timed = [&](long times) {
    const double start = now();
    for (long i = 0; i < times; ++i) call();
    return now() - start;
  };
  timed(1);
  long times = 1;
  while (timed(times) < 2e6) times *= 2;
  times = std::max(1l, times * 10);
  std::vector<double> rounds;
  for (int i = 0; i < 9; ++i) rounds.push_back(timed(times) / static_cast<double>(times));
  std::nth_element(rounds.begin(), rounds.begin() + 4, rounds.end());
  return rounds[4];
}

SystemRandom chance;

// `count` messages of `size` bytes with keys of their own.
struct Batch {
  Batch(std::size_t count, std::size_t size) : keys(count), in(count), out(count) {
    for (std::size_t i = 0; i < count; ++i) {
      chance.fill(keys[i].key);
      chance.fill(keys[i].iv);
      in[i] = chance.bytes(size);
      out[i].resize(size);
      jobs.push_back({&keys[i], in[i], out[i].data()});
    }
  }
  std::vector<AesKeyIv> keys;
  std::vector<Bytes> in, out;
  std::vector<IgeJob> jobs;
};

void ige(bool encrypt, std::size_t size) {
  Batch batch(16, size);
  const auto megabytes = [&](double ns, std::size_t messages) {
    return static_cast<double>(messages * size) * 1e3 / ns;
  };
  const IgeJob& one = batch.jobs[0];
  const double old = nanoseconds([&] { deprecated_ige(encrypt, view(one.with->key), one.with->iv, one.in, one.out); });
  std::printf("\nIGE %s, %zu bytes\n  %-24s %8.0f ns %8.0f MB/s   1.0 x\n", encrypt ? "encrypt" : "decrypt", size,
              "deprecated call", old, megabytes(old, 1));
  for (const IgeEngine& engine : ige_engines()) {
    for (const std::size_t count : {1u, 4u, 8u, 16u}) {
      const std::span jobs(batch.jobs.data(), count);
      const double ns = nanoseconds([&] { encrypt ? engine.encrypt(jobs) : engine.decrypt(jobs); });
      std::printf("  %-12s %2zu at once  %8.0f ns %8.0f MB/s %5.1f x\n", std::string(engine.name).c_str(), count,
                  ns / static_cast<double>(count), megabytes(ns, count), old * static_cast<double>(count) / ns);
      if (engine.name == "portable") break;  // It knows no lanes.
    }
  }
}

void messages(std::size_t size) {
  AuthKey key;
  chance.fill(key);
  const Bytes body = chance.bytes(size);
  const Envelope envelope{.salt = 1, .session_id = 2, .msg_id = 3, .seqno = 4, .body = body};
  const double one = nanoseconds([&] { seal(envelope, key, 5, Sender::kServer, chance); });
  std::vector<SealJob> jobs(16, SealJob{envelope, &key, 5, Sender::kServer, {}});
  const double many = nanoseconds([&] { seal_many(jobs, chance); }) / static_cast<double>(jobs.size());
  const Bytes frame = seal(envelope, key, 5, Sender::kClient, chance);
  Bytes work = frame;
  const double opened = nanoseconds([&] {
    std::memcpy(work.data(), frame.data(), frame.size());
    if (!open(work, &key, Sender::kClient)) std::abort();
  });
  std::vector<Bytes> frames(8, frame);
  std::vector<OpenJob> open_jobs(frames.size());
  const double open_many_ns = nanoseconds([&] {
    for (std::size_t i = 0; i < frames.size(); ++i) {
      std::memcpy(frames[i].data(), frame.data(), frame.size());
      open_jobs[i] = {.frame = frames[i], .key = &key, .sender = Sender::kClient, .opened = {}};
    }
    open_many(open_jobs);
    for (const OpenJob& job : open_jobs) {
      if (!job.opened) std::abort();
    }
  });
  std::printf(
      "  body %6zu bytes: seal %8.0f ns, of 16 at once %8.0f ns each; open %8.0f ns, of 8 at once %8.0f ns each\n",
      size, one, many, opened, open_many_ns / static_cast<double>(frames.size()));
}

void line(const char* name, double ns) {
  std::printf("  %-34s %12.2f us\n", name, ns / 1e3);
}

}  // namespace

int main() {
  std::printf("engine: %s\n", std::string(ige_engine().name).c_str());
  for (const std::size_t size : {256u, 131072u}) {
    for (const bool encrypt : {true, false}) ige(encrypt, size);
  }

  std::printf("\nWhole messages\n");
  for (const std::size_t size : {64u, 256u, 1024u, 131072u}) messages(size);

  std::printf("\nHashes and streams\n");
  const Bytes small = chance.bytes(52), large = chance.bytes(131072);
  line("sha256 of 52 bytes", nanoseconds([&] { sha256(small); }));
  line("sha256 of 131072 bytes", nanoseconds([&] { sha256(large); }));
  line("sha1 of 52 bytes", nanoseconds([&] { sha1(small); }));
  line("hmac_sha256 of 20 bytes", nanoseconds([&] { hmac_sha256(View(small).substr(32), View(small).substr(0, 20)); }));
  Bytes stream = large;
  AesCtr ctr({}, {});
  line("aes_ctr of 131072 bytes", nanoseconds([&] { ctr.apply(stream); }));
  line("aes_ctr of 256 bytes", nanoseconds([&] { ctr.apply(std::span(stream).first(256)); }));

  std::printf("\nWhat a new auth key costs the server\n");
  const RsaKey key = RsaKey::generate();
  const Number256 sealed = rsa_pad_seal(key.public_key(), large.substr(0, 100), chance);
  const DhPair pair = DhPair::fresh(chance), other = DhPair::fresh(chance);
  const AesKeyIv exchange = exchange_aes({}, {});
  const Bytes answer = chance.bytes(580), client_inner = seal_exchange_data(chance.bytes(312), exchange, chance);
  const double parts[] = {
      nanoseconds([&] { make_pq(chance); }),
      nanoseconds([&] { (void)key.decrypt_raw(view(sealed)); }),
      nanoseconds([&] { rsa_open(key, view(sealed), true); }),
      nanoseconds([&] { DhPair::fresh(chance); }),
      nanoseconds([&] { seal_exchange_data(answer, exchange, chance); }),
      nanoseconds([&] { open_exchange_data(client_inner, exchange); }),
      nanoseconds([&] { (void)pair.shared(view(other.public_number())); }),
  };
  line("pq: two primes", parts[0]);
  line("RSA: the private operation alone", parts[1]);
  line("RSA: with both paddings undone", parts[2]);
  line("DH: a fresh pair", parts[3]);
  line("DH: server's inner data sealed", parts[4]);
  line("DH: client's inner data opened", parts[5]);
  line("DH: the shared key", parts[6]);
  const double sum = parts[0] + parts[2] + parts[3] + parts[4] + parts[5] + parts[6];
  std::printf("  %-34s %12.2f us, so %.0f keys a second\n", "sum, without the network", sum / 1e3, 1e9 / sum);

  std::printf("\nPasswords, and what clients do\n");
  const SrpChallenge challenge = SrpChallenge::fresh(pair.public_number(), chance);
  line("SrpChallenge::check",
       nanoseconds([&] { challenge.check(view(pair.public_number()), small.substr(0, 32), {}); }));
  line("client: factor_pq", nanoseconds([&] { factor_pq(make_pq(chance).product()); }));
  line("client: rsa_pad_seal", nanoseconds([&] { rsa_pad_seal(key.public_key(), small, chance); }));
}
