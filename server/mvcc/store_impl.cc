#include "mvcc/store_impl.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "mvcc/index_scan.h"
#include "mvcc/kv_codec.h"

namespace keelson::mvcc {
namespace {

// An entry's list of events is kept for the next entry unless one was unusually long.
constexpr size_t kEventsKept = 4096;

}  // namespace

StoreImpl::StoreImpl(std::unique_ptr<Writer> writer, std::string dir, Options options, Log& log,
                     Registry& registry, LoadedState state, KeyIndex index)
    : dir_(std::move(dir)),
      options_(std::move(options)),
      log_(log),
      metrics_(std::make_shared<Metrics>(registry)),
      generation_(writer->backend().opened_meta().generation),
      index_(std::move(index)),
      window_(state.last_seq.next(), options_.block_bytes),
      writer_(std::move(writer)),
      compactor_(index_, *metrics_),
      current_(state.current),
      compacted_(state.compacted),
      published_seq_(state.last_seq.next()),
      finished_(state.finished) {
  const StateMeta& meta = writer_->backend().opened_meta();
  applied_ = meta.applied;
  applied_term_ = meta.term;
  persisted_ = {
      .position = {}, .applied = meta.applied, .term = meta.term, .last_seq = state.last_seq};
  file_sizes_ = writer_->sizes();
  writer_->backend().readers().count_in(&metrics_->open_reads);
  show_metrics();
  if (finished_ < compacted_) compactor_.schedule(compacted_, applied_);
}

StoreImpl::~StoreImpl() = default;

// --- writing ---

void StoreImpl::begin_entry(Index index, Term term) {
  CHECK(!in_entry_);
  CHECK(index > applied_);
  in_entry_ = true;
  entry_index_ = index;
  entry_term_ = term;
  sub_ = 0;
  entry_begin_ = window_.end();
  if (events_.capacity() > kEventsKept) {
    events_ = {};
  } else {
    events_.clear();
  }
}

Change StoreImpl::next_change(bool tombstone) {
  CHECK(in_entry_);
  return {.mod = current_.next(), .sub = sub_, .seq = window_.next_seq(), .tombstone = tombstone};
}

void StoreImpl::add_event(const KeyMeta& meta, Seq prev_seq, std::string_view kv) {
  ++sub_;
  Event& event = events_.emplace_back();
  event.main = meta.mod;
  event.sub = meta.sub;
  event.tombstone = meta.tombstone;
  event.seq = meta.seq;
  event.prev_seq = prev_seq;
  event.key = key_of(kv);
  event.kv = kv;
}

// An event's previous value is the one before the whole entry, as etcd shows it, also when the
// entry changes a key twice.
Seq StoreImpl::before_entry(const KeyMeta& before) const {
  if (events_.empty() || before.seq < events_.front().seq) return before.seq;
  return events_[before.seq.value - events_.front().seq.value].prev_seq;
}

KeyMeta StoreImpl::put(std::string_view key, std::string_view value, LeaseId lease,
                       std::optional<KeyMeta>* prev) {
  const KeyIndex::Changed changed = index_.put(key, next_change(false));
  const KeyMeta& now = changed.now;
  const bool replaces = changed.before && !changed.before->tombstone;
  const KeyValueView kv{.key = key,
                        .create_revision = now.create.value,
                        .mod_revision = now.mod.value,
                        .version = now.version,
                        .value = value,
                        .lease = lease.value};
  const size_t size = key_value_size(kv);
  VersionRecord head{};
  head.sub = now.sub;
  head.main = now.mod.value;
  head.prev_seq = replaces ? before_entry(*changed.before).value : 0;
  char* at = window_.append_version(head, size);
  const char* end = write_key_value(kv, at);
  CHECK(end == at + size);
  add_event(now, Seq(head.prev_seq), {at, size});
  metrics_->put_bytes.add(static_cast<int64_t>(key.size() + value.size()));
  if (prev != nullptr) {
    prev->reset();
    if (replaces) *prev = changed.before;
  }
  return now;
}

bool StoreImpl::erase(std::string_view key, KeyMeta* prev) {
  const auto changed = index_.erase(key, next_change(true));
  if (!changed) return false;
  const KeyMeta& now = changed->now;
  const KeyValueView kv{.key = key, .value = {}};
  const size_t size = key_value_size(kv);
  VersionRecord head{};
  head.mark = true;
  head.sub = now.sub;
  head.main = now.mod.value;
  head.prev_seq = before_entry(*changed->before).value;
  char* at = window_.append_version(head, size);
  const char* end = write_key_value(kv, at);
  CHECK(end == at + size);
  add_event(now, Seq(head.prev_seq), {at, size});
  if (prev != nullptr) *prev = *changed->before;
  return true;
}

void StoreImpl::put_row(Bucket bucket, std::string_view key, std::string_view value) {
  CHECK(in_entry_);
  window_.append_row(RecordType::kRow, bucket, false, key, value);
}

void StoreImpl::erase_row(Bucket bucket, std::string_view key) {
  CHECK(in_entry_);
  window_.append_row(RecordType::kRowErased, bucket, false, key, {});
}

void StoreImpl::put_local_row(Bucket bucket, std::string_view key, std::string_view value) {
  CHECK(!in_entry_);  // it would split the entry: a local row is a border of its own
  window_.append_row(RecordType::kRow, bucket, true, key, value);
  publish();
}

void StoreImpl::end_entry() {
  CHECK(in_entry_);
  window_.append_end(entry_index_, entry_term_);
  if (sub_ > 0) current_ = current_.next();
  in_entry_ = false;
  applied_ = entry_index_;
  applied_term_ = entry_term_;
  metrics_->current_revision.set(current_.value);
  metrics_->keys.set(index_.live());
  publish();
}

void StoreImpl::publish() {
  published_ = window_.end();
  published_seq_ = window_.next_seq();
  keep_budget();
}

std::shared_ptr<const void> StoreImpl::hold_entry_events() const {
  return window_.hold_since(entry_begin_);
}

// --- reading ---

std::optional<KeyMeta> StoreImpl::find(std::string_view key, Revision at) const {
  const Entry* entry = index_.find(key);
  if (entry == nullptr) return std::nullopt;
  return entry->live_at(at);
}

std::string_view StoreImpl::peek(Seq seq) const {
  if (const VersionRecord* record = window_.find(seq)) return record->kv();
  const Record* cached = cache_.find(seq);
  return cached != nullptr ? cached->kv : std::string_view();
}

Record StoreImpl::hold(Seq seq) const {
  const auto* block = window_.list()->find(seq, window_.next_seq());
  if (block != nullptr) {
    return {.hold = *block, .kv = window_.find(seq)->kv()};
  }
  const Record* cached = cache_.find(seq);
  return cached != nullptr ? *cached : Record();
}

void StoreImpl::cache(Seq seq, const Record& record) {
  if (!record || window_.find(seq) != nullptr) return;
  cache_.put(seq, record);
  keep_budget();
}

// Window and cache may each use what the other one leaves of the budget, and half of it in any
// case. What SQLite does not hold yet stays, whatever it takes.
void StoreImpl::keep_budget() {
  const size_t budget = options_.cache_bytes;
  const auto over = [&] {
    const size_t used = window_.bytes() + cache_.bytes();
    return used > budget ? used - budget : 0;
  };
  if (over() == 0) return;
  if (cache_.bytes() > budget / 2) {
    cache_.shrink_to(std::max(budget / 2, cache_.bytes() - std::min(over(), cache_.bytes())));
  }
  while (over() > 0 && window_.bytes() > budget / 2 && window_.evict_oldest(persisted_.position)) {
  }
  if (over() > 0) cache_.shrink_to(cache_.bytes() - std::min(over(), cache_.bytes()));
  while (over() > 0 && window_.evict_oldest(persisted_.position)) {
  }
}

std::shared_ptr<const View> StoreImpl::view() const {
  auto view = std::make_shared<View>();
  view->list = window_.list();
  view->backend = writer_->shared_backend();
  view->persisted = persisted_.position;
  view->end = published_;
  view->end_seq = published_seq_;
  view->applied = applied_;
  view->revision = current_;
  view->compacted = compacted_;
  view->metrics = metrics_;
  view->clock = options_.clock;
  return view;
}

std::unique_ptr<Scan> StoreImpl::scan(KeyRange range, Revision at) const {
  return std::make_unique<IndexScan>(index_, range, at);
}

std::unique_ptr<Store::Counting> StoreImpl::counting(KeyRange range, Revision at) const {
  return std::make_unique<IndexCounting>(index_, range, at);
}

// --- persisting ---

bool StoreImpl::persist_wanted() const {
  return persisted_.position < published_ || drops_allowed() || unfinished_switch_ ||
         retired_is_free();
}

std::unique_ptr<Store::PersistJob> StoreImpl::make_persist_job(Index upto) {
  CHECK(!job_out_);
  if (unfinished_switch_) return make_switch_job(std::move(unfinished_switch_));
  const bool entries = persisted_.applied < std::min(upto, applied_);
  const bool local_rows = persisted_.applied == applied_ && persisted_.position < published_;
  if (!entries && !local_rows && !drops_allowed() && !retired_is_free()) return nullptr;
  job_out_ = true;
  return std::make_unique<WindowPersistJob>(WindowPersistJob::Input{
      .writer = writer_,
      .list = window_.list(),
      .from = persisted_,
      .end = published_,
      .upto = upto,
      .drops = drops_allowed() ? compactor_.take_plan() : nullptr,
      .metrics = metrics_,
      .clock = options_.clock,
      .remove_dir = retired_is_free() ? std::exchange(retired_, {}).dir : std::string(),
  });
}

void StoreImpl::persisted(std::unique_ptr<PersistJob> job) {
  CHECK(job_out_);
  job_out_ = false;
  if (auto* switch_job = dynamic_cast<SwitchJob*>(job.get())) {
    switched(*switch_job);
    return;
  }
  const auto& done = static_cast<const WindowPersistJob&>(*job);
  if (done.has_drops()) compactor_.plan_returned();
  note_persisted(done.reached());
  file_sizes_ = done.sizes();
  metrics_->file_bytes.set(static_cast<int64_t>(sizes().file_bytes));
  metrics_->in_use_bytes.set(static_cast<int64_t>(sizes().in_use_bytes));
}

void StoreImpl::note_persisted(const Persisted& reached) {
  CHECK(reached.position >= persisted_.position);
  CHECK(reached.applied >= persisted_.applied);
  persisted_ = reached;
  if (finishing_ && finishing_->position <= persisted_.position) {
    finished_ = finishing_->rev;
    finishing_.reset();
    if (options_.clock != nullptr) {
      metrics_->compaction_last.set(options_.clock->wall().count() / 1'000'000'000);
    }
  }
  keep_budget();
}

Index StoreImpl::persisted_index() const {
  return shrink_floor_ ? std::min(*shrink_floor_, persisted_.applied) : persisted_.applied;
}

// Other threads can only give references back, so what has once been seen as free stays free.
bool StoreImpl::in_use() const {
  if (job_out_ || copies_ > 0 || unfinished_switch_ || !pins_.empty()) return true;
  return writer_.use_count() > 1 || writer_->shared_backend().use_count() > 1;
}

void StoreImpl::show_metrics() const {
  metrics_->current_revision.set(current_.value);
  metrics_->compact_revision.set(compacted_.value);
  metrics_->keys.set(index_.live());
  const Sizes now = sizes();
  metrics_->file_bytes.set(static_cast<int64_t>(now.file_bytes));
  metrics_->in_use_bytes.set(static_cast<int64_t>(now.in_use_bytes));
}

Sizes StoreImpl::sizes() const {
  Sizes out;
  const auto& blocks = window_.list()->blocks;
  for (auto block = blocks.rbegin(); block != blocks.rend(); ++block) {
    const Position end{.block = (*block)->number, .offset = (*block)->used()};
    if (end <= persisted_.position) break;
    const bool part = (*block)->number == persisted_.position.block;
    out.unpersisted_bytes += (*block)->used() - (part ? persisted_.position.offset : 0);
  }
  out.unpersisted_rows = window_.next_seq().value - 1 - persisted_.last_seq.value;
  out.file_bytes = file_sizes_.file_bytes + out.unpersisted_bytes;
  out.in_use_bytes = file_sizes_.in_use_bytes + out.unpersisted_bytes;
  out.cache_bytes = window_.bytes() + cache_.bytes();
  out.live_keys = index_.live();
  out.index_bytes = index_.memory();
  return out;
}

void StoreImpl::check_invariants() const {
  index_.check_invariants();
  CHECK(persisted_.position <= published_);
  CHECK(persisted_.applied <= applied_);
  CHECK(persisted_.last_seq < published_seq_);
  CHECK(compacted_ <= current_);
  CHECK(finished_ <= compacted_);
  CHECK(window_.bytes() + cache_.bytes() <=
        std::max(options_.cache_bytes + limits::kWindowBlockBytes,
                 sizes().unpersisted_bytes + 2 * limits::kWindowBlockBytes));
}

}  // namespace keelson::mvcc
