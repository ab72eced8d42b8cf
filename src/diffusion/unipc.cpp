#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "ditto/diffusion/solver.h"

namespace ditto::diffusion {

Schedule make_schedule(const UniPcConfig& config, const ScheduleRequest& request) {
  const std::int64_t steps = steps_of(request);
  const auto count = static_cast<double>(config.train_timesteps);
  at::Tensor sigmas = request.sigmas.empty() ? linspace(1, 1 / count, steps + 1).narrow(0, 0, steps)
                                             : at::tensor(request.sigmas, at::kDouble);
  sigmas = config.shift(sigmas, request.mu).clone();
  // At a sigma of 1 the logarithm of the signal is infinite.
  constexpr double kLeastSignal = 1e-6;
  if (std::fabs(sigmas[0].item<double>() - 1) < kLeastSignal) sigmas[0] -= kLeastSignal;
  const at::Tensor end = config.ends_at_zero ? at::zeros_like(sigmas[-1]) : sigmas[-1];
  return {(sigmas * count).to(at::kLong), at::cat({sigmas, end.reshape({1})}).to(at::kFloat)};
}

/// An exponential integrator's step in the logarithm of signal to noise, lambda: the part that is
/// exact for a constant prediction, and what its change contributes. All 0-dimensional, float32 and
/// one operation at a time: the higher orders are differences of nearly equal numbers, and
/// another rounding would show.
struct UniPc::Update {
  at::Tensor keep;                      ///< factor of the sample
  at::Tensor constant;                  ///< factor of the latest prediction
  at::Tensor change;                    ///< factor of the weighted differences
  at::Tensor ratios;                    ///< [order], of the steps in lambda; the last one is 1
  at::Tensor integrals;                 ///< [order], the right-hand side for the weights
  std::vector<at::Tensor> differences;  ///< of earlier predictions to the latest, per unit of ratio

  /// The first `count` weights: the polynomial through `count` points integrates exactly.
  at::Tensor weights(std::int64_t count) const {
    std::vector<at::Tensor> rows;
    const at::Tensor some = ratios.narrow(0, 0, count);
    for (std::int64_t power = 0; power < count; ++power) rows.push_back(at::pow(some, power));
    return at::linalg_solve(at::stack(rows), integrals.narrow(0, 0, count));
  }
};

UniPc::Update UniPc::update(std::int64_t from, std::int64_t to, std::int64_t order) const {
  const auto lambda = [this](std::int64_t i) {
    return at::log(1 - schedule_.sigmas[i]) - at::log(schedule_.sigmas[i]);
  };
  const at::Tensor start = lambda(from);
  const at::Tensor h = lambda(to) - start;
  Update result;
  std::vector<at::Tensor> ratios;
  const at::Tensor& latest = predictions_.back();
  for (std::int64_t i = 1; i < order; ++i) {
    ratios.push_back((lambda(from - i) - start) / h);
    const at::Tensor& earlier = predictions_[predictions_.size() - 1 - static_cast<std::size_t>(i)];
    result.differences.push_back((earlier - latest) / ratios.back());
  }
  ratios.push_back(at::ones({}, at::kFloat));
  result.ratios = at::stack(ratios);

  const at::Tensor hh = -h;
  const at::Tensor phi_1 = at::expm1(hh);
  const at::Tensor b_h = config_.bh2 ? at::expm1(hh) : hh;
  at::Tensor phi_k = phi_1 / hh - 1;
  double factorial = 1;
  std::vector<at::Tensor> integrals;
  for (std::int64_t i = 1; i <= order; ++i) {
    integrals.push_back(phi_k * factorial / b_h);
    factorial *= static_cast<double>(i + 1);
    phi_k = phi_k / hh - 1 / factorial;
  }
  result.integrals = at::stack(integrals);

  const at::Tensor signal = 1 - schedule_.sigmas[to];
  result.keep = schedule_.sigmas[to] / schedule_.sigmas[from];
  result.constant = signal * phi_1;
  result.change = signal * b_h;
  return result;
}

at::Tensor UniPc::predict(const at::Tensor& sample, std::int64_t order) const {
  const Update step = update(at_, at_ + 1, order);
  const at::Tensor next = step.keep * sample - step.constant * predictions_.back();
  if (order == 1) return next;
  // With two points the paper's simplification: a weight of one half.
  const at::Tensor weights = order == 2 ? at::full({1}, 0.5, at::kFloat) : step.weights(order - 1);
  at::Tensor sum;
  for (std::int64_t i = 0; i + 1 < order; ++i) {
    const at::Tensor term = weights[i] * step.differences[static_cast<std::size_t>(i)];
    sum = sum.defined() ? sum + term : term;
  }
  return (next - step.change * sum).to(sample.scalar_type());
}

at::Tensor UniPc::correct(const at::Tensor& prediction) const {
  const Update step = update(at_ - 1, at_, last_order_);
  const at::Tensor weights =
      last_order_ == 1 ? at::full({1}, 0.5, at::kFloat) : step.weights(last_order_);
  at::Tensor sum = weights[last_order_ - 1] * (prediction - predictions_.back());
  for (std::int64_t i = 0; i + 1 < last_order_; ++i) {
    sum = sum + weights[i] * step.differences[static_cast<std::size_t>(i)];
  }
  const at::Tensor next = step.keep * last_sample_ - step.constant * predictions_.back();
  return (next - step.change * sum).to(last_sample_.scalar_type());
}

at::Tensor UniPc::step(const at::Tensor& output, const at::Tensor& sample) {
  if (at_ >= schedule_.steps()) throw std::logic_error("all steps were taken");
  // From the sample as it came: the correction doesn't change what the network has said.
  const at::Tensor prediction = sample - schedule_.sigmas[at_] * output;
  const bool corrected = at_ > 0 && !config_.not_corrected.contains(at_ - 1);
  const at::Tensor from = corrected ? correct(prediction) : sample;
  predictions_.push_back(prediction);
  if (static_cast<std::int64_t>(predictions_.size()) > config_.order) {
    predictions_.erase(predictions_.begin());
  }
  std::int64_t order = std::min(config_.order, static_cast<std::int64_t>(predictions_.size()));
  if (config_.lower_order_final) order = std::min(order, schedule_.steps() - at_);
  last_sample_ = from;
  last_order_ = order;
  at::Tensor next = predict(from, order);
  ++at_;
  return next;
}

}  // namespace ditto::diffusion
