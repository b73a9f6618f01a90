#include "apply/alarms.h"

#include <algorithm>

#include "base/wire.h"

namespace keelson::apply {

std::string encode_alarm(const Alarm& alarm) {
  std::string out;
  wire::put_uint(out, 1, alarm.member.value);
  wire::put_int(out, 2, alarm.type);
  return out;
}

void Alarms::load(const std::vector<mvcc::Loaded::Row>& rows) {
  for (const mvcc::Loaded::Row& row : rows) {
    if (row.bucket != mvcc::Bucket::kAlarm) continue;
    Alarm alarm;
    wire::Reader reader(row.key);
    for (wire::Field f; reader.next(f);) {
      if (f.number == 1) alarm.member = MemberId(f.number_value);
      if (f.number == 2) alarm.type = static_cast<int32_t>(f.number_value);
    }
    alarms_.insert(alarm);
  }
}

bool Alarms::any(int32_t type) const {
  return std::any_of(alarms_.begin(), alarms_.end(),
                     [&](const Alarm& a) { return a.type == type; });
}

void Alarms::raise(const Alarm& alarm) {
  if (alarms_.insert(alarm).second) store_.put_row(mvcc::Bucket::kAlarm, encode_alarm(alarm), {});
}

bool Alarms::clear(const Alarm& alarm) {
  if (alarms_.erase(alarm) == 0) return false;
  store_.erase_row(mvcc::Bucket::kAlarm, encode_alarm(alarm));
  return true;
}

}  // namespace keelson::apply
