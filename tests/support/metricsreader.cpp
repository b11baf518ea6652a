// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/metricsreader.h"

#include "tests/support/httpclient.h"

#include <cmath>
#include <limits>

namespace msgsrv::test {

MetricsReader::MetricsReader(const QByteArray &text)
    : m_text(text)
{
    const QList<QByteArray> lines = text.split('\n');
    for (const QByteArray &line : lines) {
        if (line.isEmpty() || line.startsWith('#'))
            continue;
        Sample sample;
        const qsizetype brace = line.indexOf('{');
        const qsizetype nameEnd = brace >= 0 ? brace : line.indexOf(' ');
        qsizetype at = nameEnd;
        sample.name = line.left(nameEnd);
        if (brace >= 0) {
            ++at;
            while (at < line.size() && line[at] != '}') {
                const qsizetype equals = line.indexOf('=', at);
                const QByteArray name = line.mid(at, equals - at);
                QByteArray value;
                for (at = equals + 2; at < line.size() && line[at] != '"'; ++at) {
                    if (line[at] == '\\' && ++at < line.size() && line[at] == 'n')
                        value += '\n';
                    else if (at < line.size())
                        value += line[at];
                }
                sample.labels.insert(name, value);
                at += at + 1 < line.size() && line[at + 1] == ',' ? 2 : 1;
            }
            ++at;
        }
        sample.value = line.mid(at).trimmed().split(' ').first().toDouble();
        m_samples.append(sample);
    }
}

MetricsReader MetricsReader::scrape(const QByteArray &address)
{
    const HttpAnswer answer = get(address, "/metrics");
    if (answer.status != 200)
        qWarning("/metrics answered %d", answer.status);
    return MetricsReader(answer.body);
}

double MetricsReader::value(const QByteArray &name, const Labels &labels) const
{
    for (const Sample &sample : m_samples) {
        if (sample.name == name && sample.labels == labels)
            return sample.value;
    }
    return std::numeric_limits<double>::quiet_NaN();
}

double MetricsReader::sum(const QByteArray &name, const Labels &labels) const
{
    double total = 0;
    for (const Sample &sample : m_samples) {
        bool matches = sample.name == name;
        for (auto it = labels.begin(); it != labels.end(); ++it)
            matches
                = matches && sample.labels.contains(it.key()) && sample.labels.value(it.key()) == it.value();
        if (matches)
            total += sample.value;
    }
    return total;
}

bool MetricsReader::has(const QByteArray &name) const
{
    for (const Sample &sample : m_samples) {
        if (sample.name == name)
            return true;
    }
    return false;
}

Conservation::Conservation(const MetricsReader &metrics)
    : accepted(metrics.sum("messaging_messages_accepted_total"))
    , delivered(metrics.sum("messaging_messages_delivered_total"))
    , dropped(metrics.sum("messaging_messages_dropped_total"))
    , inFlight(metrics.sum("messaging_messages_in_flight"))
{ }

} // namespace msgsrv::test
