#include "ditto/nn/module.h"

#include <stdexcept>

namespace ditto::nn {

const Weight* Weights::find(const std::string& name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &all_[found->second];
}

void Weights::add(Weight weight) {
  if (!index_.emplace(weight.name, all_.size()).second || ties_.contains(weight.name)) {
    throw std::logic_error("two parameters are named " + weight.name);
  }
  all_.push_back(std::move(weight));
}

void Weights::tie(const std::string& other, const std::string& name) {
  if (!index_.contains(name) || index_.contains(other)) {
    throw std::logic_error("can't tie " + other + " to " + name);
  }
  ties_[other] = name;
}

std::uint64_t Weights::bytes() const {
  std::uint64_t sum = 0;
  for (const Weight& weight : all_) sum += weight.tensor.nbytes();
  return sum;
}

std::uint64_t Weights::parameters() const {
  std::uint64_t sum = 0;
  for (const Weight& weight : all_) {
    if (weight.role == Role::kParameter) sum += static_cast<std::uint64_t>(weight.tensor.numel());
  }
  return sum;
}

Scope Scope::operator/(std::string_view name) const {
  Scope child = *this;
  child.name_ = full(name);
  return child;
}

Scope Scope::with(at::ScalarType dtype) const {
  Scope scope = *this;
  scope.placement_.dtype = dtype;
  return scope;
}

at::Tensor Scope::parameter(std::string_view name, at::IntArrayRef shape,
                            at::MemoryFormat format) const {
  return make(name, shape, placement_.dtype, Role::kParameter, format);
}

at::Tensor Scope::buffer(std::string_view name, at::IntArrayRef shape, at::ScalarType dtype,
                         Role role) const {
  return make(name, shape, dtype, role);
}

void Scope::tie(std::string_view other, const std::string& name) const {
  weights_->tie(full(other), name);
}

std::string Scope::full(std::string_view name) const {
  return name_.empty() ? std::string(name) : name_ + "." + std::string(name);
}

at::Tensor Scope::make(std::string_view name, at::IntArrayRef shape, at::ScalarType dtype,
                       Role role, at::MemoryFormat format) const {
  at::Tensor tensor = at::empty(
      shape, at::TensorOptions().dtype(dtype).device(placement_.device).memory_format(format));
  weights_->add({full(name), tensor, role});
  return tensor;
}

}  // namespace ditto::nn
