// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/widgets/chartgeometry.h"

#include <QWidget>

#include <optional>

namespace msgsrv::console {

/// One series over time, painted by ourselves: curve, scale, a cross-hair that can be shared with other
/// charts and moved by the keyboard.
class Chart : public QWidget
{
    Q_OBJECT

public:
    explicit Chart(QWidget *parent = nullptr);

    void setTitle(const QString &title, const QString &unit, const QString &meaning, int color);
    void setData(SeriesData data);
    [[nodiscard]] const SeriesData &data() const { return m_data; }
    [[nodiscard]] QString title() const { return m_title; }
    /// @p moment in ms, or nothing.
    void setCrossHair(std::optional<qint64> moment);
    /// Lines of "time,value".
    [[nodiscard]] QString toCsv() const;
    void setProblem(const QString &problem);

    QSize sizeHint() const override { return {420, 190}; }
    QSize minimumSizeHint() const override { return {240, 140}; }

signals:
    void crossHairMoved(std::optional<qint64> moment);

protected:
    void paintEvent(QPaintEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void leaveEvent(QEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void focusInEvent(QFocusEvent *event) override;

private:
    [[nodiscard]] QRectF plot() const;
    [[nodiscard]] ChartGeometry geometryOf() const;
    void paintCurve(QPainter &painter, const ChartGeometry &geometry) const;
    void paintCrossHair(QPainter &painter, const ChartGeometry &geometry) const;
    void move(int index);

    QString m_title;
    QString m_unit;
    QString m_problem;
    int m_color = 0;
    SeriesData m_data;
    std::optional<qint64> m_crossHair;
};

/// A curve without scale, for a tile.
void paintSparkline(QPainter &painter, const QRectF &box, const SeriesData &data, const QColor &color);

} // namespace msgsrv::console
