// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/models/tone.h"
#include "admin-gui/pages/page.h"

#include <QFrame>

#include <vector>

class QListWidget;

namespace msgsrv::console {

class RemoteTableModel;

/// What needs attention, the worst first: each line counts the rows of a filter and leads to them.
class Attention : public QFrame
{
    Q_OBJECT

public:
    explicit Attention(Connection &connection, QWidget *parent = nullptr);

    void setActive(bool active);
    /// What server.status says besides.
    void setStatus(const QJsonObject &status);
    [[nodiscard]] QStringList lines() const;
    [[nodiscard]] bool isSettled() const;

signals:
    void linkActivated(const msgsrv::console::Link &link);

protected:
    void changeEvent(QEvent *event) override;

private:
    struct Rule
    {
        PageId page;
        QString filter;
        Tone tone;
        QString (*sentence)(int count);
        RemoteTableModel *rows;
    };
    struct Line
    {
        Tone tone;
        QString text;
        Link link;
    };

    void addRule(PageId page, const QString &filter, const QString &sort, Tone tone,
                 QString (*sentence)(int));
    void fill();
    [[nodiscard]] std::vector<Line> current() const;

    Connection &m_connection;
    QListWidget *m_list;
    std::vector<Rule> m_rules;
    std::vector<Line> m_status;
    std::vector<Line> m_lines;
};

} // namespace msgsrv::console
