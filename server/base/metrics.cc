// Rendered by our own code: prometheus-cpp 1.0 orders families by chance, writes bounds and large
// integers in other words than Go ("le" texts are identities in every dashboard that aggregates),
// and wants a copy of all samples first.
#include "base/metrics.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "base/check.h"

namespace keelson {
namespace {

constexpr double kPlainIntegerMax = 1e15;

// Go's shortest text: 0.001, 8.192, 1.048576e+06.
std::string go_text(double v) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "+Inf" : "-Inf";
  char text[64];
  char* end = std::to_chars(text, text + sizeof text, v, std::chars_format::scientific).ptr;
  int exponent = 0;
  const char* e = std::find(text, end, 'e') + 1;
  std::from_chars(*e == '+' ? e + 1 : e, end, exponent);
  if (exponent >= -4 && exponent < 6)
    end = std::to_chars(text, text + sizeof text, v, std::chars_format::fixed).ptr;
  return std::string(text, end);
}

std::string value_text(double v) {
  if (std::abs(v) < kPlainIntegerMax && v == std::trunc(v))
    return std::to_string(static_cast<int64_t>(v));
  return go_text(v);
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || (c == '"' && quotes)) out += '\\';
    out += c;
  }
}

// `name="value",...` without the braces.
std::string labels_text(Labels labels) {
  std::sort(labels.begin(), labels.end());
  std::string out;
  for (const auto& [name, value] : labels) {
    if (!out.empty()) out += ',';
    out += name + "=\"";
    append_escaped(out, value, true);
    out += '"';
  }
  return out;
}

void append_sample(std::string& out, std::string_view name, std::string_view labels,
                   std::string_view value) {
  out += name;
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out.append(" ").append(value).append("\n");
}

enum class Type { kCounter, kGauge, kHistogram };

std::string_view type_name(Type type) {
  if (type == Type::kHistogram) return "histogram";
  return type == Type::kCounter ? "counter" : "gauge";
}

// One of the four; the others are null.
struct Series {
  std::unique_ptr<Counter> counter;
  std::unique_ptr<Gauge> gauge;
  std::unique_ptr<Histogram> histogram;
  std::function<double()> read;
};

struct Family {
  std::string help;
  Type type = Type::kCounter;
  std::map<std::string, Series> series;  // by labels_text
};

void append_histogram(std::string& out, const std::string& name, const std::string& labels,
                      const Histogram& histogram) {
  const std::string lead = labels.empty() ? "" : labels + ",";
  uint64_t count = 0;
  for (size_t i = 0; i <= histogram.bounds().size(); ++i) {
    const bool last = i == histogram.bounds().size();
    count += histogram.bucket(i);
    const std::string bound = last ? "+Inf" : go_text(histogram.bounds()[i]);
    append_sample(out, name + "_bucket", lead + "le=\"" + bound + "\"", std::to_string(count));
  }
  append_sample(out, name + "_sum", labels, value_text(histogram.sum()));
  append_sample(out, name + "_count", labels, std::to_string(count));
}

void append_series(std::string& out, const std::string& name, const std::string& labels,
                   const Series& series) {
  if (series.counter) append_sample(out, name, labels, std::to_string(series.counter->value()));
  if (series.gauge) append_sample(out, name, labels, std::to_string(series.gauge->value()));
  if (series.histogram) append_histogram(out, name, labels, *series.histogram);
}

void append_head(std::string& out, const std::string& name, const Family& family) {
  out += "# HELP " + name + " ";
  append_escaped(out, family.help, false);
  out.append("\n# TYPE " + name + " ").append(type_name(family.type)).append("\n");
}

}  // namespace

Histogram::Histogram(double first, double factor, int count)
    : Histogram([&] {
        std::vector<double> bounds;
        for (double bound = first; count > 0; --count, bound *= factor) bounds.push_back(bound);
        return bounds;
      }()) {}

Histogram::Histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)),
      buckets_(std::make_unique<std::atomic<uint64_t>[]>(bounds_.size() + 1)) {
  CHECK(std::is_sorted(bounds_.begin(), bounds_.end()));
}

void Histogram::observe(double v) {
  const auto at = std::lower_bound(bounds_.begin(), bounds_.end(), v) - bounds_.begin();
  buckets_[static_cast<size_t>(at)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(v, std::memory_order_relaxed);
}

double Histogram::sum() const { return sum_.load(std::memory_order_relaxed); }

// Families and series are never removed, so that pointers to them stay good without the mutex.
struct Registry::Impl {
  Mutex mutex;
  std::map<std::string, Family, std::less<>> families GUARDED_BY(mutex);

  Series& series(std::string_view name, std::string_view help, Type type, Labels&& labels)
      REQUIRES(mutex) {
    auto it = families.find(name);
    if (it == families.end()) {
      it = families.emplace(std::string(name), Family{std::string(help), type, {}}).first;
    }
    CHECK(it->second.type == type);
    return it->second.series[labels_text(std::move(labels))];
  }
};

Registry::Registry() : impl_(std::make_unique<Impl>()) {}
Registry::~Registry() = default;

Counter& Registry::counter(std::string_view name, std::string_view help, Labels labels) {
  MutexLock hold(impl_->mutex);
  Series& series = impl_->series(name, help, Type::kCounter, std::move(labels));
  CHECK(!series.read);
  if (!series.counter) series.counter = std::make_unique<Counter>();
  return *series.counter;
}

Gauge& Registry::gauge(std::string_view name, std::string_view help, Labels labels) {
  MutexLock hold(impl_->mutex);
  Series& series = impl_->series(name, help, Type::kGauge, std::move(labels));
  CHECK(!series.read);
  if (!series.gauge) series.gauge = std::make_unique<Gauge>();
  return *series.gauge;
}

Histogram& Registry::histogram(std::string_view name, std::string_view help, double first,
                               double factor, int count, Labels labels) {
  return histogram(name, help, Histogram(first, factor, count).bounds(), std::move(labels));
}

Histogram& Registry::histogram(std::string_view name, std::string_view help,
                               std::vector<double> bounds, Labels labels) {
  MutexLock hold(impl_->mutex);
  Series& series = impl_->series(name, help, Type::kHistogram, std::move(labels));
  if (!series.histogram) series.histogram = std::make_unique<Histogram>(std::move(bounds));
  return *series.histogram;
}

void Registry::on_scrape(std::string_view name, std::string_view help, bool counter,
                         std::function<double()> read, Labels labels) {
  MutexLock hold(impl_->mutex);
  const Type type = counter ? Type::kCounter : Type::kGauge;
  Series& series = impl_->series(name, help, type, std::move(labels));
  CHECK(!series.counter && !series.gauge);
  series.read = std::move(read);
}

// The mutex is held for a list of pointers only: whoever makes a series (on the node's thread, too)
// must not wait for a page to be written.
std::string Registry::render() const {
  struct Row {
    const std::string* name;
    const std::string* labels;
    const Family* family;  // help and type never change; its map is not touched here
    const Series* series;
    std::function<double()> read;
  };
  std::vector<Row> rows;
  {
    MutexLock hold(impl_->mutex);
    for (const auto& [name, family] : impl_->families)
      for (const auto& [labels, series] : family.series)
        rows.push_back({&name, &labels, &family, &series, series.read});
  }
  std::string out;
  const Family* last = nullptr;
  for (const Row& row : rows) {
    if (row.family != last) append_head(out, *row.name, *row.family);
    last = row.family;
    if (row.read) {
      append_sample(out, *row.name, *row.labels, value_text(row.read()));
    } else {
      append_series(out, *row.name, *row.labels, *row.series);
    }
  }
  return out;
}

}  // namespace keelson
