// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/management/tables.h"

#include <QLineEdit>
#include <QTimer>
#include <QWidget>

class QLabel;

namespace msgsrv::console {

/// A line for the filter language: green when it reads well, red with a sentence when not, completion of
/// column names and of values that are known. A good filter is told 300 ms after the last key, or at once by
/// Enter.
class FilterBar : public QWidget
{
    Q_OBJECT

public:
    static constexpr int delay = 300; ///< ms

    explicit FilterBar(const management::Table &table, QWidget *parent = nullptr);

    [[nodiscard]] QString text() const { return m_line->text(); }
    void setText(const QString &text); ///< and tells it at once
    [[nodiscard]] bool isGood() const { return m_good; }
    [[nodiscard]] QString problem() const;
    /// What the server says of the filter; -1: nothing.
    void showProblem(const QString &message, int at);
    void showCount(const QString &text);
    void focusLine();

signals:
    void filterChanged(const QString &filter);

protected:
    void changeEvent(QEvent *event) override;

private:
    void check();
    void tell();
    void color();
    [[nodiscard]] QStringList words() const;

    const management::Table &m_table;
    QLineEdit *m_line;
    QLabel *m_note;
    QLabel *m_count;
    QTimer m_delay;
    QString m_told;
    bool m_good = true;
};

} // namespace msgsrv::console
