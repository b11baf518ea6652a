// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QMap>

namespace msgsrv::test {

/// One scrape of /metrics.
class MetricsReader
{
public:
    using Labels = QMap<QByteArray, QByteArray>;

    /// Reads Prometheus text format 0.0.4.
    explicit MetricsReader(const QByteArray &text);
    /// Asks the internal listener at @p address.
    [[nodiscard]] static MetricsReader scrape(const QByteArray &address);

    /// The sample with exactly these labels; NaN when there is none.
    [[nodiscard]] double value(const QByteArray &name, const Labels &labels = {}) const;
    /// The sum of all samples of @p name that carry these labels among others; 0 when there is none.
    [[nodiscard]] double sum(const QByteArray &name, const Labels &labels = {}) const;
    [[nodiscard]] bool has(const QByteArray &name) const;
    [[nodiscard]] const QByteArray &text() const { return m_text; }

private:
    struct Sample
    {
        QByteArray name;
        Labels labels;
        double value;
    };
    QByteArray m_text;
    QList<Sample> m_samples;
};

/// The figures of the conservation law: accepted = delivered + dropped + in flight.
struct Conservation
{
    double accepted = 0;
    double delivered = 0;
    double dropped = 0;
    double inFlight = 0;

    explicit Conservation(const MetricsReader &metrics);
    [[nodiscard]] bool holds() const { return accepted == delivered + dropped + inFlight; }
};

} // namespace msgsrv::test
