// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/app/connectiondialog.h"

#include "admin-gui/app/accessform.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPainter>
#include <QPushButton>

#include <algorithm>
#include <utility>

namespace msgsrv::console {

namespace {

/// Fields of several forms stand below each other.
void alignLabels(const QFormLayout &form, const QWidget &others)
{
    QList<QLabel *> labels;
    for (int row = 0; row < form.rowCount(); ++row) {
        const QLayoutItem *item = form.itemAt(row, QFormLayout::LabelRole);
        if (auto *label = item == nullptr ? nullptr : qobject_cast<QLabel *>(item->widget()))
            labels.append(label);
    }
    for (QLabel *label : others.findChildren<QLabel *>()) {
        if (label->buddy() != nullptr)
            labels.append(label);
    }
    int width = 0;
    for (const QLabel *label : std::as_const(labels))
        width = std::max(width, label->sizeHint().width());
    for (QLabel *label : std::as_const(labels))
        label->setMinimumWidth(width);
}

QIcon swatch(const QColor &color)
{
    QPixmap pixmap(16, 16);
    pixmap.fill(Qt::transparent);
    if (color.isValid()) {
        QPainter painter(&pixmap);
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(Qt::NoPen);
        painter.setBrush(color);
        painter.drawRoundedRect(QRectF(2, 2, 12, 12), 3, 3);
    }
    return pixmap;
}

} // namespace

ConnectionDialog::ConnectionDialog(std::vector<Profile> profiles, int current, QWidget *parent)
    : QDialog(parent)
    , m_profiles(std::move(profiles))
    , m_list(new QListWidget(this))
    , m_name(new QLineEdit(this))
    , m_access(new AccessForm(this))
    , m_color(new QComboBox(this))
    , m_readOnly(new QCheckBox(tr("&Only look: actions are never sent"), this))
    , m_remove(new QPushButton(tr("Re&move"), this))
    , m_problem(new QLabel(this))
{
    setWindowTitle(tr("Connections"));
    auto *left = new QVBoxLayout;
    m_list->setAccessibleName(tr("Profiles"));
    left->addWidget(m_list, 1);
    auto *buttons = new QHBoxLayout;
    auto *adding = new QPushButton(tr("&Add"), this);
    buttons->addWidget(adding);
    buttons->addWidget(m_remove);
    left->addLayout(buttons);

    auto *form = new QFormLayout;
    form->addRow(tr("&Name:"), m_name);
    for (const auto &[text, name] : {std::pair{tr("none"), ""},
                                     {tr("green"), "#2e9e5b"},
                                     {tr("blue"), "#2f6fed"},
                                     {tr("orange"), "#e08a1e"},
                                     {tr("red"), "#d13438"},
                                     {tr("violet"), "#8a5cf0"}})
        m_color->addItem(swatch(QColor(QLatin1String(name))), text, QLatin1String(name));
    form->addRow(tr("&Colour:"), m_color);
    form->addRow(QString(), m_readOnly);
    m_name->setObjectName(QStringLiteral("name"));
    m_problem->setWordWrap(true);
    m_problem->setForegroundRole(QPalette::PlaceholderText);
    m_problem->setObjectName(QStringLiteral("problem"));
    alignLabels(*form, *m_access);
    auto *right = new QVBoxLayout;
    right->addLayout(form);
    right->addWidget(m_access);
    right->addStretch(1);
    right->addWidget(m_problem);

    auto *middle = new QHBoxLayout;
    middle->addLayout(left, 1);
    middle->addLayout(right, 2);
    auto *box = new QDialogButtonBox(QDialogButtonBox::Cancel, this);
    m_connect = box->addButton(tr("Co&nnect"), QDialogButtonBox::AcceptRole);
    m_connect->setDefault(true);
    auto *layout = new QVBoxLayout(this);
    layout->addLayout(middle, 1);
    layout->addWidget(box);
    connect(box, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(box, &QDialogButtonBox::rejected, this, &QDialog::reject);
    connect(adding, &QPushButton::clicked, this, &ConnectionDialog::add);
    connect(m_remove, &QPushButton::clicked, this, &ConnectionDialog::remove);
    connect(m_list, &QListWidget::currentRowChanged, this, &ConnectionDialog::showProfile);
    connect(m_list, &QListWidget::itemDoubleClicked, m_connect, &QPushButton::click);
    connect(m_name, &QLineEdit::textEdited, this, &ConnectionDialog::takeEdits);
    connect(m_access, &AccessForm::edited, this, &ConnectionDialog::takeEdits);
    connect(m_color, &QComboBox::currentIndexChanged, this, &ConnectionDialog::takeEdits);
    connect(m_readOnly, &QCheckBox::toggled, this, &ConnectionDialog::takeEdits);
    fillList(current);
    resize(760, 400);
}

int ConnectionDialog::current() const
{
    return std::max(0, m_list->currentRow());
}

void ConnectionDialog::fillList(int current)
{
    {
        const QSignalBlocker quiet(m_list);
        m_list->clear();
        for (const Profile &profile : m_profiles)
            m_list->addItem(new QListWidgetItem(swatch(profile.color), profile.name));
    }
    m_list->setCurrentRow(std::clamp(current, 0, m_list->count() - 1));
    m_remove->setEnabled(m_profiles.size() > 1);
    showProfile();
}

void ConnectionDialog::showProfile()
{
    const Profile &profile = m_profiles[static_cast<std::size_t>(current())];
    m_showing = true;
    m_name->setText(profile.name);
    m_access->show(profile);
    m_color->setCurrentIndex(
        std::max(0, m_color->findData(profile.color.isValid() ? profile.color.name() : QString())));
    m_readOnly->setChecked(profile.readOnly);
    m_showing = false;
    check();
}

void ConnectionDialog::takeEdits()
{
    if (m_showing)
        return;
    Profile &profile = m_profiles[static_cast<std::size_t>(current())];
    profile.name = m_name->text();
    profile.color = QColor(m_color->currentData().toString());
    profile.readOnly = m_readOnly->isChecked();
    m_access->store(profile);
    m_list->currentItem()->setText(profile.name);
    m_list->currentItem()->setIcon(swatch(profile.color));
    check();
}

void ConnectionDialog::check()
{
    const Profile &profile = m_profiles[static_cast<std::size_t>(current())];
    const QString problem = profile.problem();
    m_connect->setEnabled(problem.isEmpty());
    m_problem->setText(!problem.isEmpty()         ? problem
                           : profile.wantsToken() ? tr("The token will be asked for, and not kept.")
                                                  : tr("Leads to %1").arg(profile.destination()));
}

void ConnectionDialog::add()
{
    m_profiles.push_back({.name = tr("New profile")});
    fillList(static_cast<int>(m_profiles.size()) - 1);
    m_name->setFocus();
    m_name->selectAll();
}

void ConnectionDialog::remove()
{
    const int row = current();
    m_profiles.erase(m_profiles.begin() + row);
    fillList(row - 1);
}

} // namespace msgsrv::console
