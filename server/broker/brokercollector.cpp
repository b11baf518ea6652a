// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/broker/brokercollector.h"

#include <prometheus/metric_family.h>

#include <string>
#include <utility>

namespace msgsrv {

namespace {

prometheus::MetricFamily family(const char *name, const char *help, prometheus::MetricType type)
{
    prometheus::MetricFamily family;
    family.name = name;
    family.help = help;
    family.type = type;
    return family;
}

void append(prometheus::MetricFamily &family, std::uint64_t value,
            std::vector<prometheus::ClientMetric::Label> labels = {})
{
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    if (family.type == prometheus::MetricType::Counter)
        metric.counter.value = double(value);
    else
        metric.gauge.value = double(value);
    family.metric.push_back(std::move(metric));
}

void add(BrokerCounts &counts, const BrokerCounts &more)
{
    counts.accepted += more.accepted;
    counts.delivered += more.delivered;
    for (int i = 0; i < dropReasonCount; ++i)
        counts.dropped[i] += more.dropped[i];
    counts.inFlight += more.inFlight;
    counts.unacknowledged += more.unacknowledged;
    counts.returned += more.returned;
    counts.queues += more.queues;
    counts.refusedNoQueue += more.refusedNoQueue;
    counts.refusedFull += more.refusedFull;
    counts.destinations += more.destinations;
    counts.destinationsRefused += more.destinationsRefused;
}

} // namespace

std::vector<prometheus::MetricFamily> BrokerCollector::Collect() const
{
    using prometheus::MetricType;
    BrokerCounts counts = m_broker.counts();
    // Each is one instant, so the law holds for the sum as well.
    if (m_destinations)
        add(counts, m_destinations->counts());

    auto accepted
        = family("messaging_messages_accepted_total", "Messages taken into a queue.", MetricType::Counter);
    append(accepted, counts.accepted);

    auto delivered = family("messaging_messages_delivered_total",
                            "Messages written to their recipient's connection, and acknowledged if it "
                            "acknowledges.",
                            MetricType::Counter);
    append(delivered, counts.delivered);

    auto dropped
        = family("messaging_messages_dropped_total",
                 "Accepted messages that were not delivered and no longer can be.", MetricType::Counter);
    for (int i = 0; i < dropReasonCount; ++i)
        append(dropped, counts.dropped[i], {{"reason", toString(DropReason(i))}});

    auto refused
        = family("messaging_messages_refused_total", "Messages that were not accepted.", MetricType::Counter);
    append(refused, counts.refusedNoQueue, {{"reason", "no_queue"}});
    append(refused, counts.refusedFull, {{"reason", "queue_full"}});

    auto inFlight = family("messaging_messages_in_flight",
                           "Messages that wait in a queue or are being written, counted from the queues.",
                           MetricType::Gauge);
    append(inFlight, counts.inFlight);

    auto unacknowledged
        = family("messaging_messages_unacknowledged",
                 "Messages in flight that were written and are not acknowledged.", MetricType::Gauge);
    append(unacknowledged, counts.unacknowledged);

    auto returned
        = family("messaging_messages_returned_total",
                 "Deliveries that came back to their queue to be delivered again.", MetricType::Counter);
    append(returned, counts.returned);

    auto queues = family("messaging_queues", "Queues that have a consumer.", MetricType::Gauge);
    append(queues, counts.queues);

    auto destinations = family("messaging_destinations",
                               "Queues that are no user's own, and subscriptions to topics (broker.queues).",
                               MetricType::Gauge);
    append(destinations, counts.destinations);

    auto destinationsRefused = family(
        "messaging_destinations_refused_total",
        "Queues and subscriptions to topics that were not made (broker.queues).", MetricType::Counter);
    append(destinationsRefused, counts.destinationsRefused);

    return {accepted,       delivered, dropped, refused,      inFlight,
            unacknowledged, returned,  queues,  destinations, destinationsRefused};
}

} // namespace msgsrv
