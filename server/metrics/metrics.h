// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <functional>
#include <memory>
#include <string>

namespace msgsrv {

/// Kinds of strange behaviour, the label of messaging_strange_behaviour_total. The order may only grow at
/// the end; docs/metrics.md says what each means.
enum class Strange {
    UnackedExpired, ///< a session that nobody subscribed to in time
    QueueLost, ///< an acked session whose queue was gone without an event
    ForeignQueue, ///< SUBSCRIBE or SEND to another user's queue
    ForeignSender, ///< fromUserId that is not the key's user
    UnknownKey, ///< a key that is no session's
    BadCredentials, ///< CONNECT with a wrong login or passcode
};
constexpr int strangeCount = 6;
[[nodiscard]] const char *toString(Strange kind);

/// All metrics of the process. Members may be used from any thread (they are atomic). Values that live
/// elsewhere are added as collectables, which are asked at scrape time.
class Metrics
{
public:
    Metrics();
    ~Metrics();

    /// Counts and logs once (`strange` event, warning). @p user and @p detail go to the log only.
    void strange(Strange kind, const std::string &user, const std::string &detail);

    /// How many were counted, of all kinds.
    [[nodiscard]] double strangeTotal() const;

    /// @p collectable is asked at every scrape, in the thread that renders.
    void add(std::weak_ptr<prometheus::Collectable> collectable);

    /// A gauge or counter whose value is asked for at scrape time, in the thread that renders.
    void addGauge(const std::string &name, const std::string &help, std::map<std::string, std::string> labels,
                  std::function<double()> value);
    void addCounter(const std::string &name, const std::string &help,
                    std::map<std::string, std::string> labels, std::function<double()> value);

    /// A counter to be kept by reference and incremented. The same name and labels give the same counter.
    prometheus::Counter &counter(const std::string &name, const std::string &help,
                                 const std::map<std::string, std::string> &labels = {});

    /// Prometheus text format 0.0.4.
    [[nodiscard]] std::string render() const;

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace msgsrv
