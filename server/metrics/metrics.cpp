// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/metrics/metrics.h"

#include "server/metrics/processmetrics.h"
#include "shared/base/log.h"

#include <prometheus/text_serializer.h>

#include <QLoggingCategory>
#include <QtGlobal>

#include <algorithm>
#include <array>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

namespace msgsrv {

namespace {

Q_LOGGING_CATEGORY(lcMetrics, "msgsrv.metrics")

/// A value that somebody is asked for at each scrape.
struct AskedValue
{
    std::string name;
    std::string help;
    prometheus::MetricType type = prometheus::MetricType::Gauge;
    std::map<std::string, std::string> labels;
    std::function<double()> value;
};

prometheus::MetricFamily ask(const AskedValue &asked)
{
    prometheus::MetricFamily family;
    family.name = asked.name;
    family.help = asked.help;
    family.type = asked.type;
    prometheus::ClientMetric metric;
    for (const auto &[name, value] : asked.labels)
        metric.label.push_back({name, value});
    if (asked.type == prometheus::MetricType::Counter)
        metric.counter.value = asked.value();
    else
        metric.gauge.value = asked.value();
    family.metric.push_back(std::move(metric));
    return family;
}

/// Joins families of one name, which the text format allows once, and orders them by name.
std::vector<prometheus::MetricFamily> merge(std::vector<prometheus::MetricFamily> families)
{
    std::stable_sort(families.begin(), families.end(),
                     [](const auto &a, const auto &b) { return a.name < b.name; });
    std::vector<prometheus::MetricFamily> merged;
    for (prometheus::MetricFamily &family : families) {
        if (merged.empty() || merged.back().name != family.name) {
            merged.push_back(std::move(family));
            continue;
        }
        Q_ASSERT(merged.back().type == family.type);
        std::move(family.metric.begin(), family.metric.end(), std::back_inserter(merged.back().metric));
    }
    return merged;
}

} // namespace

const char *toString(Strange kind)
{
    switch (kind) {
    case Strange::UnackedExpired:
        return "unacked_expired";
    case Strange::QueueLost:
        return "queue_lost";
    case Strange::ForeignQueue:
        return "foreign_queue";
    case Strange::ForeignSender:
        return "foreign_sender";
    case Strange::UnknownKey:
        return "unknown_key";
    case Strange::BadCredentials:
        return "bad_credentials";
    }
    Q_UNREACHABLE();
}

struct Metrics::Private
{
    prometheus::Registry registry;
    ProcessMetrics process;
    std::array<prometheus::Counter *, strangeCount> strange{};
    mutable std::mutex mutex; // guards what follows
    std::vector<AskedValue> asked;
    std::vector<std::weak_ptr<prometheus::Collectable>> collectables;
};

Metrics::Metrics()
    : d(std::make_unique<Private>())
{
    // All kinds are there from the start: a rate over a series that appears with its first event is blind
    // to that event.
    for (int i = 0; i < strangeCount; ++i)
        d->strange[std::size_t(i)] = &counter("messaging_strange_behaviour_total",
                                              "Events that a well-behaved client or broker does not cause.",
                                              {{"kind", toString(Strange(i))}});
    addGauge("messaging_build_info", "Always 1; the labels tell what is running.",
             {{"version", MSGSRV_VERSION}, {"qt", qVersion()}}, [] { return 1.0; });
}

Metrics::~Metrics() = default;

void Metrics::strange(Strange kind, const std::string &user, const std::string &detail)
{
    d->strange[std::size_t(kind)]->Increment();
    log::warning(
        lcMetrics(), "strange",
        {{"kind", toString(kind)}, {"user", std::string_view(user)}, {"detail", std::string_view(detail)}});
}

double Metrics::strangeTotal() const
{
    double total = 0;
    for (const prometheus::Counter *kind : d->strange)
        total += kind->Value();
    return total;
}

void Metrics::add(std::weak_ptr<prometheus::Collectable> collectable)
{
    const std::scoped_lock lock(d->mutex);
    d->collectables.push_back(std::move(collectable));
}

void Metrics::addGauge(const std::string &name, const std::string &help,
                       std::map<std::string, std::string> labels, std::function<double()> value)
{
    const std::scoped_lock lock(d->mutex);
    d->asked.push_back({name, help, prometheus::MetricType::Gauge, std::move(labels), std::move(value)});
}

void Metrics::addCounter(const std::string &name, const std::string &help,
                         std::map<std::string, std::string> labels, std::function<double()> value)
{
    const std::scoped_lock lock(d->mutex);
    d->asked.push_back({name, help, prometheus::MetricType::Counter, std::move(labels), std::move(value)});
}

prometheus::Counter &Metrics::counter(const std::string &name, const std::string &help,
                                      const std::map<std::string, std::string> &labels)
{
    return prometheus::BuildCounter().Name(name).Help(help).Register(d->registry).Add(labels);
}

std::string Metrics::render() const
{
    std::vector<prometheus::MetricFamily> families = d->registry.Collect();
    const auto append = [&](std::vector<prometheus::MetricFamily> more) {
        std::move(more.begin(), more.end(), std::back_inserter(families));
    };
    append(d->process.Collect());

    // Copies, so that nobody is asked while the lock is held.
    std::vector<AskedValue> asked;
    std::vector<std::weak_ptr<prometheus::Collectable>> collectables;
    {
        const std::scoped_lock lock(d->mutex);
        std::erase_if(d->collectables, [](const auto &collectable) { return collectable.expired(); });
        asked = d->asked;
        collectables = d->collectables;
    }
    for (const AskedValue &value : asked)
        families.push_back(ask(value));
    for (const auto &weak : collectables) {
        if (const auto collectable = weak.lock())
            append(collectable->Collect());
    }
    return prometheus::TextSerializer().Serialize(merge(std::move(families)));
}

} // namespace msgsrv
