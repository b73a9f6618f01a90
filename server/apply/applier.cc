#include "apply/applier.h"

#include <algorithm>

#include "base/limits.h"
#include "base/wire.h"

namespace keelson::apply {

ApplyMetrics::ApplyMetrics(Registry& registry)
    : puts(registry.counter("etcd_mvcc_put_total", "The number of puts applied by this member.")),
      deletes(registry.counter("etcd_mvcc_delete_total",
                               "The number of delete-range operations applied by this member.")),
      ranges(registry.counter(
          "etcd_mvcc_range_total",
          "The number of ranges served by this member, those inside of transactions too.")),
      txns(registry.counter("etcd_mvcc_txn_total",
                            "The number of transactions with more than one operation.")) {}

Applier::Applier(State state, Settings settings, Registry& metrics)
    : state_(state), settings_(std::move(settings)), metrics_(metrics) {}

void Applier::begin(Index index, Term term, std::string_view data, std::vector<Seq>& missing) {
  index_ = index;
  term_ = term;
  envelope_ = {};
  delete_ = {};
  supplied_.clear();
  CHECK(decode(data, envelope_));
  CHECK(handler_of(envelope_.field) != nullptr);
  switch (envelope_.field) {
    case field::kPut:
      put_ = {};
      CHECK(decode(envelope_.body, put_));
      if (put_.prev_kv || put_.ignore_value) want_prev(put_.key, missing);
      break;
    case field::kDeleteRange:
      CHECK(decode(envelope_.body, delete_));
      if (delete_.prev_kv) want_range({.key = delete_.key, .end = delete_.end}, missing);
      break;
    case field::kTxn:
      txn_ = {};
      CHECK(decode(envelope_.body, txn_, limits::kTxnDepthMax * 4));
      want_txn(txn_, missing);
      break;
    case field::kRange:
      range_ = {};
      CHECK(decode(envelope_.body, range_));
      want_range(range_, missing);
      break;
    default:
      break;
  }
}

void Applier::supply(Seq seq, mvcc::Record value) { supplied_[seq] = std::move(value); }

std::optional<Applied> Applier::execute(const HeaderFacts& facts, const Slice* slice) {
  Applied out;
  if (!busy()) {
    state_.store.begin_entry(index_, term_);
    out.status = refused_by_alarm();
    if (out.status.ok()) out = (this->*handler_of(envelope_.field))(facts);
  }
  if (busy()) {
    if (!deletion_->step(slice, keep_previous(delete_, deletion_prev_))) return std::nullopt;
    out = finish_deletion(facts);
  }
  state_.store.end_entry();
  out.request_id = envelope_.id;
  supplied_.clear();
  return out;
}

void Applier::execute_empty(Index index, Term term) {
  state_.store.begin_entry(index, term);
  state_.store.end_entry();
}

Applier::Handler Applier::handler_of(uint32_t number) const {
  switch (number) {
    case field::kRange:
      return &Applier::apply_range;
    case field::kPut:
      return &Applier::apply_put;
    case field::kDeleteRange:
      return &Applier::apply_delete;
    case field::kTxn:
      return &Applier::apply_txn;
    case field::kCompaction:
      return &Applier::apply_compaction;
    case field::kLeaseGrant:
      return &Applier::apply_lease_grant;
    case field::kLeaseRevoke:
      return &Applier::apply_lease_revoke;
    case field::kLeaseCheckpoint:
      return &Applier::apply_lease_checkpoint;
    case field::kAlarm:
      return &Applier::apply_alarm;
    case field::kClusterVersionSet:
      return &Applier::apply_cluster_version;
    case field::kClusterMemberAttrSet:
      return &Applier::apply_member_attributes;
    case field::kDowngradeInfoSet:
      return &Applier::apply_downgrade;
    case field::kDowngradeVersionTest:
      return &Applier::apply_nothing;
    default:
      return nullptr;
  }
}

Status Applier::refused_by_alarm() const {
  const uint32_t number = envelope_.field;
  const bool key_space = number >= field::kRange && number <= field::kLeaseRevoke;
  if (key_space && state_.alarms.any(kAlarmCorrupt))
    return Status(Code::kDataLoss, "etcdserver: corrupt cluster");
  const bool grows = number == field::kPut || number == field::kLeaseGrant ||
                     (number == field::kTxn && has_put(txn_));
  if (grows && state_.alarms.any(kAlarmNoSpace))
    return Status(Code::kResourceExhausted, "etcdserver: mvcc: database space exceeded");
  return Status();
}

Applied Applier::apply_put(const HeaderFacts& facts) {
  Applied out;
  if (out.status = check_put(put_); !out.status.ok()) return out;
  out.quota_crossed = !settings_.quota_allows(quota_cost(put_));
  put_header(out.body, facts, state_.store.current().next());
  do_put(put_, out.body);
  return out;
}

Applied Applier::apply_delete(const HeaderFacts&) {
  deletion_.emplace(state_.store, state_.lessor, mvcc::KeyRange{delete_.key, delete_.end});
  return {};
}

Applied Applier::finish_deletion(const HeaderFacts& facts) {
  Applied out;
  put_header(out.body, facts, state_.store.writing());
  if (envelope_.field == field::kDeleteRange) {
    wire::put_int(out.body, 2, deletion_->deleted());
    out.body += deletion_prev_;
    metrics_.deletes.add();
  } else {
    finish_revoke();
  }
  deletion_.reset();
  deletion_prev_.clear();
  return out;
}

Applied Applier::apply_range(const HeaderFacts& facts) {
  Applied out;
  if (out.status = check_range(range_); !out.status.ok()) return out;
  put_header(out.body, facts, state_.store.current());
  do_range(range_, out.body);
  return out;
}

Applied Applier::apply_compaction(const HeaderFacts& facts) {
  Applied out;
  int64_t revision = 0;
  wire::Reader reader(envelope_.body);
  for (wire::Field f; reader.next(f);)
    if (f.number == 1) revision = f.as_int64();
  CHECK(reader.ok());
  if (Revision(revision) <= state_.store.compacted()) {
    out.status = compacted_error();
  } else if (Revision(revision) > state_.store.current()) {
    out.status = future_error();
  } else {
    state_.store.compact(Revision(revision));
    out.compacted = Revision(revision);
    out.body = header_only(facts, state_.store.current());
  }
  return out;
}

Applied Applier::apply_alarm(const HeaderFacts& facts) {
  Applied out;
  int32_t action = 0;
  Alarm alarm;
  wire::Reader reader(envelope_.body);
  for (wire::Field f; reader.next(f);) {
    if (f.number == 1) action = static_cast<int32_t>(f.number_value);
    if (f.number == 2) alarm.member = MemberId(f.number_value);
    if (f.number == 3) alarm.type = static_cast<int32_t>(f.number_value);
  }
  CHECK(reader.ok());
  put_header(out.body, facts, state_.store.current());
  if (action == 1 && alarm.type != kAlarmNone) {
    state_.alarms.raise(alarm);
    wire::put_message(out.body, 2, encode_alarm(alarm));
  } else if (action == 2) {
    if (state_.alarms.clear(alarm)) wire::put_message(out.body, 2, encode_alarm(alarm));
  } else if (action == 0) {
    for (const Alarm& a : state_.alarms.all())
      if (alarm.type == kAlarmNone || alarm.type == a.type)
        wire::put_message(out.body, 2, encode_alarm(a));
  }
  return out;
}

Applied Applier::apply_nothing(const HeaderFacts&) { return Applied{}; }

std::string_view Applier::value(Seq seq) {
  if (const std::string_view kv = state_.store.peek(seq); !kv.empty()) return kv;
  auto it = supplied_.find(seq);
  if (it == supplied_.end()) {
    const auto read = mvcc::Store::read_values(*state_.store.view(), std::span(&seq, 1));
    CHECK(read.ok() && read->size() == 1 && (*read)[0]);
    it = supplied_.emplace(seq, (*read)[0]).first;
  }
  return it->second.kv;
}

bool Applier::in_memory(Seq seq) const { return !state_.store.peek(seq).empty(); }

void Applier::want(Seq seq, std::vector<Seq>& missing) const {
  if (!in_memory(seq)) missing.push_back(seq);
}

void Applier::want_prev(std::string_view key, std::vector<Seq>& missing) const {
  if (const auto meta = state_.store.find(key, state_.store.current())) want(meta->seq, missing);
}

void Applier::want_range(const RangeView& range, std::vector<Seq>& missing) const {
  RangeRun run(state_.store, range, state_.store.current());
  if (!run.check().ok()) return;
  CHECK(run.collect(nullptr));
  for (const Seq seq : run.wanted()) want(seq, missing);
}

Status Applier::check_put(const PutView& put) const {
  if (put.lease != 0 && state_.lessor.find(LeaseId(put.lease)) == nullptr)
    return Status(Code::kNotFound, "etcdserver: requested lease not found");
  if (!put.ignore_value && !put.ignore_lease) return Status();
  if (state_.store.find(put.key, state_.store.current())) return Status();
  return Status(Code::kInvalidArgument, "etcdserver: key not found");
}

Status Applier::check_range(const RangeView& range) const {
  if (range.revision == 0) return Status();
  if (Revision(range.revision) > state_.store.current()) return future_error();
  if (Revision(range.revision) < state_.store.compacted()) return compacted_error();
  return Status();
}

void Applier::do_put(const PutView& put, std::string& out) {
  LeaseId lease(put.lease);
  if (put.ignore_lease) lease = state_.lessor.lease_of(put.key);
  std::string kept;  // the old value must not move while the window takes the new record
  std::string_view value_bytes = put.value;
  if (put.prev_kv || put.ignore_value) {
    if (const auto meta = state_.store.find(put.key, state_.store.writing())) {
      const std::string_view kv = value(meta->seq);
      if (put.prev_kv) wire::put_message(out, 2, kv);
      if (put.ignore_value) {
        mvcc::KeyValueView view;
        CHECK(mvcc::decode_key_value(kv, view));
        kept = view.value;
        value_bytes = kept;
      }
    }
  }
  state_.store.put(put.key, value_bytes, lease, nullptr);
  state_.lessor.attach(put.key, lease);
  metrics_.puts.add();
}

Deletion::Before Applier::keep_previous(const DeleteView& del, std::string& out) {
  if (!del.prev_kv) return {};
  return [this, &out](const mvcc::KeyMeta& meta) { wire::put_message(out, 3, value(meta.seq)); };
}

void Applier::do_delete(const DeleteView& del, std::string& out) {
  std::string prev;
  Deletion deletion(state_.store, state_.lessor, mvcc::KeyRange{del.key, del.end});
  CHECK(deletion.step(nullptr, keep_previous(del, prev)));
  wire::put_int(out, 2, deletion.deleted());
  out += prev;
  metrics_.deletes.add();
}

void Applier::do_range(const RangeView& range, std::string& out) {
  RangeRun run(state_.store, range, state_.store.writing());
  CHECK(run.collect(nullptr));
  CHECK(run.encode([this](Seq seq) { return value(seq); }, out));
  metrics_.ranges.add();
}

}  // namespace keelson::apply
